import type { EnvVar, Job, LocalKeyRef, PodSpec, ResourceRequirements } from "../../kube/builtin.ts";
import { literalEnv, mergeEnv, scriptEnv } from "./env.ts";
import { gitContainer, rootsEnv } from "./git-container.ts";
import { AUTHORITIES_CONTAINER, isOwnContainer } from "./names.ts";
import { CA_BUNDLE_DIR, CA_BUNDLE_FILE, CA_SOURCE_DIR } from "./paths.ts";

/** Variables by which programs find the certificates that they trust, beside or instead of their own. */
const VARIABLES = [
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "CARGO_HTTP_CAINFO",
];

/** For what a pod with `caBundle` runs; a user's own value wins. */
export function authorityEnv(caBundle: LocalKeyRef | undefined): EnvVar[] {
  return caBundle ? literalEnv(Object.fromEntries(VARIABLES.map((name) => [name, CA_BUNDLE_FILE]))) : [];
}

/**
 * The pod in which all containers of the operator's find one file with the public authorities and the user's. A separate
 * container writes it: one with a git credential mounts nothing that another could still change.
 */
function withAuthorities(
  pod: PodSpec,
  own: { caBundle?: LocalKeyRef; gitImage: string; gitResources: ResourceRequirements },
): PodSpec {
  const { caBundle } = own;
  if (!caBundle) return pod;
  const mount = { name: "ca-bundle", mountPath: CA_BUNDLE_DIR };
  const first = gitContainer(own, "authorities", {
    name: AUTHORITIES_CONTAINER,
    env: mergeEnv(
      literalEnv({ TMPDIR: CA_BUNDLE_DIR }),
      rootsEnv(),
      scriptEnv({ AGENT_CA_SOURCE: CA_SOURCE_DIR, AGENT_CA_TARGET: CA_BUNDLE_DIR }),
    ),
    volumeMounts: [mount, { name: "ca-source", mountPath: CA_SOURCE_DIR, readOnly: true }],
  });
  const withBundle = <C extends PodSpec["containers"][number]>(container: C): C =>
    isOwnContainer(container)
      ? { ...container, volumeMounts: [...(container.volumeMounts ?? []), { ...mount, readOnly: true }] }
      : container;
  const { name, key } = caBundle;
  return {
    ...pod,
    initContainers: [first, ...(pod.initContainers ?? []).map(withBundle)],
    containers: pod.containers.map(withBundle),
    volumes: [
      ...(pod.volumes ?? []),
      { name: "ca-bundle", emptyDir: { sizeLimit: "8Mi" } },
      { name: "ca-source", configMap: { name, items: [{ key, path: "ca.crt" }] } },
    ],
  };
}

/** The Job with such a pod. */
export function trusting(job: Job, own: Parameters<typeof withAuthorities>[1]): Job {
  const { spec } = job;
  const pod = withAuthorities(spec.template.spec, own);
  return { ...job, spec: { ...spec, template: { ...spec.template, spec: pod } } };
}
