import { run, provider, type RefusedManifest } from "./manifest.ts";
import { DURATION, ENV_NAME, OWN, QUANTITY } from "./words.ts";

export const environment: RefusedManifest[] = [
  ...["HOME", "TMPDIR", "AGENT_PROMPT", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "WORKSPACE_DIR"].map(
    (name) => ({
      what: `the operator's own variable ${name}`,
      manifest: run({ env: [{ name, value: "x" }] }),
      says: `spec.env[0].name: Invalid value: "${name}": must not be one of the ${OWN}`,
    }),
  ),
  {
    what: "a variable's name with an equals sign",
    manifest: run({ env: [{ name: "A=B", value: "x" }] }),
    says: `spec.env[0].name: Invalid value: "A=B": ${ENV_NAME}`,
  },
  ...["my-var", "my.var", "1A", "Ä", ""].map((name) => ({
    what: `a variable's name that no shell can hold: ${JSON.stringify(name)}`,
    manifest: run({ env: [{ name, value: "x" }] }),
    says: `spec.env[0].name: Invalid value: ${JSON.stringify(name)}: ${ENV_NAME}`,
  })),
  {
    what: "a name of a provider that a terminal obeys",
    manifest: provider({ displayName: "a\u001b[31mb" }),
    says: String.raw`spec.displayName: Invalid value: "a\x1b[31mb": must not contain control characters, nor others that are not seen`,
  },
  {
    what: "a variable that is given twice",
    manifest: run({
      env: [
        { name: "LANG", value: "C" },
        { name: "LANG", value: "en_US.UTF-8" },
      ],
    }),
    says: `spec.env[1]: Duplicate value: {"name":"LANG"}`,
  },
  {
    what: "a variable with a value and a source",
    manifest: run({
      env: [{ name: "A", value: "x", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
    }),
    says: "spec.env[0]: Invalid value: set value or valueFrom, not both",
  },
  {
    what: "a variable with two sources",
    manifest: run({
      env: [
        {
          name: "A",
          valueFrom: { secretKeyRef: { name: "s", key: "k" }, configMapKeyRef: { name: "c", key: "k" } },
        },
      ],
    }),
    says: "spec.env[0].valueFrom: Invalid value: set exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef",
  },
  {
    what: "the operator's own variable in a provider's environment",
    manifest: provider({ environment: { HOME: "/x" } }),
    says: `spec.environment: Invalid value: no key may be one of the ${OWN}`,
  },
  {
    what: "a key that is no variable's name in a provider's environment",
    manifest: provider({ environment: { "1A": "x" } }),
    says: `spec.environment: Invalid value: every key ${ENV_NAME}`,
  },
  {
    what: "a base URL without a scheme",
    manifest: provider({ environment: { ANTHROPIC_BASE_URL: "litellm-proxy:8317" } }),
    says: "spec.environment: Invalid value: ANTHROPIC_BASE_URL must be a URL that starts with http:// or https:// and has no spaces",
  },
  {
    what: "the operator's own variable as the one that carries the token",
    manifest: provider({ authTokenEnv: "AGENT_PROMPT" }),
    says: `spec.authTokenEnv: Invalid value: "AGENT_PROMPT": must not be one of the ${OWN}`,
  },
];

const AGENTS_OWN =
  "would be where agents keep their own configuration, such as ~/.claude and ~/.config/opencode; use a folder beside it, such as /home/agent/.cache/pip, and skills, instructions and mcpServers for the agent";

/** A run with a volume at this place. */
function mounting(mount: { mountPath: string; subPath?: string }) {
  return { volumes: [{ name: "data", emptyDir: {} }], volumeMounts: [{ name: "data", ...mount }] };
}

export const pods: RefusedManifest[] = [
  {
    what: "a cache over the checkout",
    manifest: run({ caches: [{ name: "npm", mountPath: "/workspace" }] }),
    says: `spec.caches[0].mountPath: Invalid value: "/workspace": would cover another mount or a directory that the pod needs; use its own directory, such as /data`,
  },
  ...["/home/agent/.claude", "/root/.config/opencode/skills", "/home/agent/.cache", "/root/.local"].flatMap(
    (path) => [
      {
        what: `a cache at ${path}, where agents keep their configuration`,
        manifest: run({ caches: [{ name: "npm", mountPath: path }] }),
        says: `spec.caches[0].mountPath: Invalid value: "${path}": ${AGENTS_OWN}`,
      },
      {
        what: `a volume at ${path}, where agents keep their configuration`,
        manifest: run(mounting({ mountPath: path })),
        says: `spec.volumeMounts[0].mountPath: Invalid value: "${path}": ${AGENTS_OWN}`,
      },
    ],
  ),
  ...["/workspace/data", "/etc/ssl", "/tmp", "/workspace-store", "/home/agent"].map((path) => ({
    what: `a volume at ${path}`,
    manifest: run(mounting({ mountPath: path })),
    says: `spec.volumeMounts[0].mountPath: Invalid value: "${path}": would cover another mount or a directory that the pod needs; use its own directory, such as /data`,
  })),
  {
    what: "a volume at a path that a shell would read as more than one",
    manifest: run(mounting({ mountPath: "/data/*" })),
    says: `spec.volumeMounts[0].mountPath: Invalid value: "/data/*": must be an absolute path of letters, digits, '.', '_', '@', '+' and '-', such as /data, without double or closing slashes`,
  },
  {
    what: "a part of a volume that leads out of it",
    manifest: run(mounting({ mountPath: "/data", subPath: "a/../../b" })),
    says: `spec.volumeMounts[0].subPath: Invalid value: "a/../../b": must be a relative path of letters, digits, '.', '_', '@', '+' and '-', without '..'`,
  },
  {
    what: "a mount of a volume that there is not",
    manifest: run({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
    says: "spec.volumeMounts: Invalid value: every name must be one of volumes",
  },
  {
    what: "a volume inside another",
    manifest: run({
      volumes: [{ name: "data", emptyDir: {} }],
      volumeMounts: [
        { name: "data", mountPath: "/data" },
        { name: "data", mountPath: "/data/b" },
      ],
    }),
    says: "spec.volumeMounts: Invalid value: no mountPath may be inside another one",
  },
  {
    what: "a volume of two kinds",
    manifest: run({ volumes: [{ name: "data", emptyDir: {}, configMap: { name: "data" } }] }),
    says: "spec.volumes[0]: Invalid value: set exactly one of configMap, secret, emptyDir, persistentVolumeClaim and projected",
  },
  ...["cache-npm", "other-workspace", "team-ws"].map((claimName) => ({
    what: `the claim ${claimName}, which the operator makes`,
    manifest: run({ volumes: [{ name: "data", persistentVolumeClaim: { claimName } }] }),
    says: `spec.volumes[0].persistentVolumeClaim.claimName: Invalid value: "${claimName}": must be none of the claims that the operator makes: <run>-workspace, <workspace>-ws, cache-<name>; use continueFrom, workspaceRef or caches for those`,
  })),
  {
    what: "a cache inside another",
    manifest: run({
      caches: [
        { name: "a", mountPath: "/data" },
        { name: "b", mountPath: "/data/b" },
      ],
    }),
    says: "spec.caches: Invalid value: no two caches may have the same mountPath, nor one inside the other",
  },
  {
    what: "two services on one port",
    manifest: run({
      services: [
        { name: "a", image: "a", ports: [1, 5432] },
        { name: "b", image: "b", ports: [5432] },
      ],
    }),
    says: "spec.services: Invalid value: no two services may have the same port: all of them listen in the pod's one network",
  },
  {
    what: "a service with two kinds of readiness",
    manifest: run({ services: [{ name: "a", image: "a", readiness: { tcp: 1, command: ["true"] } }] }),
    says: "spec.services[0].readiness: Invalid value: set exactly one of tcp, http and command",
  },
  {
    what: "a directory of a service that is no path",
    manifest: run({ services: [{ name: "a", image: "a", emptyDirs: ["/a/../etc"] }] }),
    says: `spec.services[0].emptyDirs[0]: Invalid value: "/a/../etc": must be an absolute path such as /var/lib/postgresql, without '.', '..', ':', double or closing slashes`,
  },
  ...["app.kubernetes.io/name", "agent.xonovex.com/run", "batch.kubernetes.io/job-name", "job-name"].map(
    (key) => ({
      what: `the label ${key}, which pods are found by`,
      manifest: run({ podLabels: { [key]: "x" } }),
      says: "spec.podLabels: Invalid value: no key may be one of the labels that pods are found by: app.kubernetes.io/name, app.kubernetes.io/instance, app.kubernetes.io/component, app.kubernetes.io/managed-by, controller-uid, job-name, agent.xonovex.com/*, batch.kubernetes.io/*, kueue.x-k8s.io/*",
    }),
  ),
  {
    what: "an annotation of the operator's own",
    manifest: run({ podAnnotations: { "agent.xonovex.com/origin": "x" } }),
    says: "spec.podAnnotations: Invalid value: every key must be an annotation's name, such as sidecar.istio.io/inject, and none may be one of the operator's own",
  },
  {
    what: "a host's address that is none",
    manifest: run({ hostAliases: [{ ip: "git.local", hostnames: ["a"] }] }),
    says: "spec.hostAliases[0].ip: Invalid value: \"git.local\": spec.hostAliases[0].ip in body should match '^[0-9a-fA-F:.]+$'",
  },
  {
    what: "a setup that names no program",
    manifest: run({ setup: { command: ["", "ci"] } }),
    says: "spec.setup.command: Invalid value: the first item must name the program",
  },
  {
    what: "a setup of no time",
    manifest: run({ setup: { command: ["npm", "ci"], timeout: "0s" } }),
    says: `spec.setup.timeout: Invalid value: "0s": ${DURATION}`,
  },
  {
    what: "a memory request that is no quantity",
    manifest: run({ resources: { requests: { memory: "lots" } } }),
    says: `spec.resources.requests.memory: Invalid value: "lots": spec.resources.requests.memory in body should match ${QUANTITY}`,
  },
  ...[
    ["cpu", "2", "1500m"],
    ["cpu", 3, "2.5"],
    ["memory", "1.5Gi", "1536M"],
    ["memory", "1e9", "999M"],
  ].map(([name = "", request, limit]) => ({
    what: `a request of ${name} that is above its limit: ${request}, ${limit}`,
    manifest: run({ resources: { requests: { [name]: request }, limits: { [name]: limit } } }),
    says: `spec.resources.requests: Invalid value: the request of ${name} must not be above its limit`,
  })),
  {
    what: "a negative CPU limit",
    manifest: run({ resources: { limits: { cpu: -1 } } }),
    says: "spec.resources.limits.cpu: Invalid value: -1: spec.resources.limits.cpu in body should be greater than or equal to 0",
  },
  {
    what: "a node's label value with a space",
    manifest: run({ nodeSelector: { disk: "very fast" } }),
    says: `spec.nodeSelector[disk]: Invalid value: "very fast": must be a label's value: letters, digits, '-', '_' and '.', starting and ending with a letter or digit`,
  },
  {
    what: "a node's label with a space",
    manifest: run({ nodeSelector: { "disk type": "ssd" } }),
    says: "spec.nodeSelector: Invalid value: every key must be a label's name, such as disktype or kubernetes.io/arch",
  },
  {
    what: "a toleration of everything that does not say so",
    manifest: run({ tolerations: [{ effect: "NoSchedule" }] }),
    says: "spec.tolerations[0]: Invalid value: operator must be Exists when key is empty, which tolerates every taint",
  },
  {
    what: "a toleration with an unknown effect",
    manifest: run({ tolerations: [{ key: "gpu", operator: "Exists", effect: "Never" }] }),
    says: `spec.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
  },
  {
    what: "a negative user id",
    manifest: run({ podSecurityContext: { runAsUser: -1 } }),
    says: "spec.podSecurityContext.runAsUser: Invalid value: -1: spec.podSecurityContext.runAsUser in body should be greater than or equal to 0",
  },
  {
    what: "a seccomp profile on the node without its file",
    manifest: run({ podSecurityContext: { seccompProfile: { type: "Localhost" } } }),
    says: "spec.podSecurityContext.seccompProfile: Invalid value: localhostProfile is required with type Localhost and forbidden with every other",
  },
];
