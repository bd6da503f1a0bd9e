import { ANNOTATION_RETRY } from "../../api/labels.ts";
import type { Reason } from "../../api/reasons.ts";
import { repositoryNeeds } from "../agent-run/references.ts";
import { configEnv } from "../config-env.ts";
import { BUILT_IN_STORAGE } from "../defaults.ts";
import { resolveRepository } from "../repository.ts";
import { authorityEnv } from "../specs/authorities.ts";
import { mergeEnv } from "../specs/env.ts";
import { gitResources } from "../specs/git-resources.ts";
import type { WorkspaceSetup } from "../resolved-workspace.ts";
import type { ObservedWorkspace } from "./observed.ts";

const BUILT_IN_SHARED_STORAGE = "1Gi";

/** The workspace with AgentConfig's and the built-in defaults applied. */
export function resolveWorkspace(observed: ObservedWorkspace): WorkspaceSetup {
  const { workspace, defaults } = observed;
  const config = observed.config?.spec;
  const { metadata, spec } = workspace;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    repository: resolveRepository(spec.repository, defaults),
    storageClass: spec.storageClass ?? config?.storageClass,
    storageSize: String(spec.storageSize ?? config?.storageSize ?? BUILT_IN_STORAGE),
    accessMode: spec.accessMode ?? "ReadWriteMany",
    sharedVolumes: (spec.sharedVolumes ?? []).map(({ name, storageSize }) => ({
      name,
      storageSize: String(storageSize ?? BUILT_IN_SHARED_STORAGE),
    })),
    caBundle: config?.caBundleRef,
    env: mergeEnv(authorityEnv(config?.caBundleRef), configEnv(observed.config)),
    pod: {
      labels: config?.podLabels,
      annotations: config?.podAnnotations,
      hostAliases: config?.defaultHostAliases,
      dnsPolicy: config?.defaultDNSPolicy,
      dnsConfig: config?.defaultDNSConfig,
    },
    gitImage: defaults.gitImage,
    gitResources: gitResources(config?.gitResources, defaults.gitResources),
    imagePullSecrets: config?.defaultImagePullSecrets,
    priorityClassName: config?.defaultPriorityClassName,
    podSecurityContext: config?.defaultPodSecurityContext,
    origin: originOf(observed),
  };
}

/** Changes with what a failed clone may have failed for: the spec, the Secret, the image, the annotation that asks for a retry. */
function originOf({ workspace, credentials, defaults }: ObservedWorkspace): string {
  const { generation, annotations } = workspace.metadata;
  const { resourceVersion = "" } = credentials ?? {};
  return [generation, resourceVersion, annotations?.[ANNOTATION_RETRY] ?? "", defaults.gitImage].join("/");
}

/** What the workspace has to wait for before its Job can start. */
export function workspaceWaitsFor({
  workspace,
  credentials,
}: ObservedWorkspace): { reason: Reason; message: string } | undefined {
  for (const { ref, purpose } of repositoryNeeds(workspace.spec.repository)) {
    if (!credentials)
      return {
        reason: "SecretNotFound",
        message: `Secret ${ref.name}, which holds ${purpose}, does not exist yet`,
      };
    if (!credentials.keys.includes(ref.key))
      return {
        reason: "KeyNotFound",
        message: `Secret ${ref.name} has no key ${ref.key}, which holds ${purpose}`,
      };
  }
  return undefined;
}
