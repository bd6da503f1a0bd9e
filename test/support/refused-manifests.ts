import { MAX_PROMPT_BYTES } from "../../src/api/rules/values.ts";

/** A manifest of one of this project's kinds, right or wrong. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec?: unknown;
}

/** A manifest that is refused when it is created, with one line of what the user is told. */
export interface RefusedManifest {
  readonly what: string;
  readonly manifest: Manifest;
  /** A line `field: message`, as kubectl prints it. */
  readonly says: string;
}

/** A change that is refused: `before` was created, in the given phase if there is one. */
export interface RefusedChange {
  readonly what: string;
  readonly before: Manifest;
  readonly phase?: string;
  readonly after: Manifest;
  readonly says: string;
}

type Fields = Record<string, unknown>;

function manifest(kind: string, spec: unknown, name = "under-test"): Manifest {
  return { apiVersion: "agent.xonovex.com/v1alpha1", kind, metadata: { name }, spec };
}

const repository = { url: "https://github.com/org/repo.git" };

function run(fields: Fields, name?: string): Manifest {
  return manifest("AgentRun", { repository, prompt: "Fix the login bug", ...fields }, name);
}

/** A run without one of the fields that it needs. */
function runWithout(field: string, fields: Fields = {}): Manifest {
  const spec: Fields = { repository, prompt: "Fix the login bug", ...fields };
  delete spec[field];
  return manifest("AgentRun", spec);
}

function cloning(fields: Fields): Manifest {
  return run({ repository: { ...repository, ...fields } });
}

function workspace(fields: Fields, name?: string): Manifest {
  return manifest("AgentWorkspace", { repository, ...fields }, name);
}

function sharing(...sharedVolumes: Fields[]): Manifest {
  return workspace({ sharedVolumes });
}

function provider(fields: Fields): Manifest {
  return manifest("AgentProvider", { agentTypes: ["claude"], ...fields });
}

function config(fields: Fields): Manifest {
  return manifest("AgentConfig", fields);
}

const DURATION = "must be a duration of whole seconds from 1s to 720h, such as 90s, 30m or 1h30m";
const GIT_URL =
  "must be a git URL: https://, http://, ssh://, git:// or file:// with a path, or user@host:path, without spaces";
const BRANCH =
  "must be a branch name as git allows it, such as main or feature/login: no spaces, '..', '~', '^', ':', '?', '*', '[', '\\', not starting with '-', '/', '.' or refs/";
const OBJECT_NAME =
  "must be the name of a Kubernetes object: lower case letters, digits, '-' and '.', starting and ending with a letter or digit";
const DNS_LABEL =
  "must be a DNS label: lower case letters, digits and '-', starting and ending with a letter or digit";
const ENV_NAME =
  "must be the name of an environment variable: letters, digits, '_', '-' and '.', not starting with a digit";
const OWN =
  "variables that the operator sets itself (AGENT_*, GIT_CONFIG*, HOME, TMPDIR, GIT_DIR and the others that the reference lists)";
const MOUNT =
  "would cover another mount or a directory that the pod needs; use a directory of its own, such as /root/.claude or /data";
const ABSOLUTE =
  "must be an absolute path such as /root/.claude, without '.', '..', ':', double or closing slashes";
const QUANTITY = String.raw`'^[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][-+]?[0-9]+))?$'`;
const SIZE = String.raw`'^[+]?(0*[1-9][0-9]*([.][0-9]*)?|0*[.]0*[1-9][0-9]*)(([KMGTPE]i)|[kMGTPE]|([eE][+]?[0-9]+))?$'`;

const references: RefusedManifest[] = [
  {
    what: "a run with a provider and a providerRef",
    manifest: run({ providerRef: "gemini", provider: {} }),
    says: "spec.provider: Forbidden: provider and providerRef are mutually exclusive: describe a provider here or name an AgentProvider, not both",
  },
  {
    what: "a run with a repository and a workspaceRef",
    manifest: run({ workspaceRef: "shared", worktree: { branch: "work" } }),
    says: "spec.repository: Forbidden: repository and workspaceRef are mutually exclusive: a run on a workspace works on the workspace's repository",
  },
  {
    what: "a run with neither a repository nor a workspaceRef",
    manifest: runWithout("repository"),
    says: "spec.repository: Required value: name the repository to work on, or an AgentWorkspace in workspaceRef",
  },
  {
    what: "a run on a workspace without a worktree",
    manifest: runWithout("repository", { workspaceRef: "shared" }),
    says: "spec.worktree: Required value: a run on a workspace needs a branch of its own: set worktree.branch",
  },
  {
    what: "a worktree without a branch",
    manifest: run({ worktree: { sourceBranch: "main" } }),
    says: "spec.worktree.branch: Required value",
  },
  {
    what: "a providerRef that is no name",
    manifest: run({ providerRef: "Gemini Provider" }),
    says: `spec.providerRef: Invalid value: "Gemini Provider": ${OBJECT_NAME}`,
  },
  {
    what: "a workspaceRef that is no DNS label",
    manifest: runWithout("repository", { workspaceRef: "my.workspace", worktree: { branch: "work" } }),
    says: `spec.workspaceRef: Invalid value: "my.workspace": ${DNS_LABEL}`,
  },
  {
    what: "a Secret reference without a key",
    manifest: run({ provider: { authSecretRef: { name: "token" } } }),
    says: "spec.provider.authSecretRef.key: Required value",
  },
  {
    what: "a Secret key with a slash",
    manifest: cloning({ credentialsSecretRef: { name: "token", key: "a/b" } }),
    says: `spec.repository.credentialsSecretRef.key: Invalid value: "a/b": must be a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.'`,
  },
];

const runs: RefusedManifest[] = [
  {
    what: "a run without a spec",
    manifest: { ...run({}), spec: undefined },
    says: "spec: Required value",
  },
  {
    what: "a run without a prompt",
    manifest: runWithout("prompt"),
    says: "spec.prompt: Required value",
  },
  {
    what: "an empty prompt",
    manifest: run({ prompt: "" }),
    says: "spec.prompt: Required value: must not be empty",
  },
  {
    what: "a prompt of nothing but white space",
    manifest: run({ prompt: " \n\t" }),
    says: "spec.prompt: Required value: must not be empty",
  },
  {
    what: "a prompt of more than 100 KiB in bytes, though not in characters",
    manifest: run({ prompt: "é".repeat(MAX_PROMPT_BYTES / 2 + 1) }),
    says: "spec.prompt: Forbidden: must be at most 102400 bytes of UTF-8 (100 KiB); put longer material into the repository and name the file",
  },
  {
    what: "a prompt of more than 100 Ki characters",
    manifest: run({ prompt: "x".repeat(MAX_PROMPT_BYTES + 1) }),
    says: "spec.prompt: Too long: may not be more than 102400 bytes",
  },
  {
    what: "a prompt with a NUL character",
    manifest: run({ prompt: "a\u0000b" }),
    says: String.raw`spec.prompt: Invalid value: "a\x00b": must not contain the NUL character`,
  },
  {
    what: "an agent that there is not",
    manifest: run({ agent: "copilot" }),
    says: `spec.agent: Unsupported value: "copilot": supported values: "claude", "opencode"`,
  },
  {
    what: "a model that would be an option",
    manifest: run({ model: "--help" }),
    says: `spec.model: Invalid value: "--help": must be the name of a model, without spaces and not starting with '-'`,
  },
  {
    what: "an image with a space",
    manifest: run({ image: "node 24" }),
    says: `spec.image: Invalid value: "node 24": must be a container image such as node:24 or registry.example.com/team/agent@sha256:…, without spaces`,
  },
  {
    what: "a run's name that is no DNS label",
    manifest: run({}, "fix.login"),
    says: "metadata.name: Invalid value: the name of an AgentRun must be a DNS label of at most 63 characters: lower case letters, digits and '-', starting and ending with a letter or digit",
  },
  {
    what: "a run's name of 64 characters",
    manifest: run({}, "a".repeat(64)),
    says: "metadata.name: Invalid value: the name of an AgentRun must be a DNS label of at most 63 characters: lower case letters, digits and '-', starting and ending with a letter or digit",
  },
  {
    what: "a prompt that is a number",
    manifest: run({ prompt: 42 }),
    says: `spec.prompt: Invalid value: "integer": spec.prompt in body must be of type string: "integer"`,
  },
];

const durations: RefusedManifest[] = ["5 minutes", "0s", "721h", "1.5h", "100ms", "", "h", "-1h", "90"].map(
  (timeout) => ({
    what: `a timeout of ${JSON.stringify(timeout)}`,
    manifest: run({ timeout }),
    says: `spec.timeout: Invalid value: ${JSON.stringify(timeout)}: ${DURATION}`,
  }),
);

const urls: RefusedManifest[] = [
  "--upload-pack=touch /tmp/x",
  "ext::sh -c id",
  "ftp://example.com/repo.git",
  "/srv/repo.git",
  "https://github.com",
  "https://github.com/org/repo.git\n-x",
  "ssh://-oProxyCommand=id/repo",
  "git@github.com:-x",
  "https://github.com/my repo.git",
].map((url) => ({
  what: `a repository URL of ${JSON.stringify(url)}`,
  manifest: cloning({ url }),
  says: `spec.repository.url: Invalid value: ${JSON.stringify(url)}: ${GIT_URL}`,
}));

const branches: RefusedManifest[] = [
  "-b",
  "a..b",
  "a b",
  "main\n",
  "a.lock",
  "a~1",
  "/a",
  "a//b",
  ".a",
  "@",
  "HEAD",
  "refs/heads/main",
  "a@{1}",
].map((branch) => ({
  what: `a branch of ${JSON.stringify(branch)}`,
  manifest: cloning({ branch }),
  says: `spec.repository.branch: Invalid value: ${JSON.stringify(branch)}: ${BRANCH}`,
}));

const git: RefusedManifest[] = [
  {
    what: "a repository without a URL",
    manifest: run({ repository: { branch: "main" } }),
    says: "spec.repository.url: Required value",
  },
  {
    what: "a password in a repository URL, without repeating it",
    manifest: cloning({ url: "https://user:secret@github.com/org/repo.git" }),
    says: "spec.repository.url: Forbidden: must not contain a password or token; put it into a Secret and name that in credentialsSecretRef",
  },
  {
    what: "a commit that is no id",
    manifest: cloning({ commit: "v1.0.0-rc1" }),
    says: `spec.repository.commit: Invalid value: "v1.0.0-rc1": must be a commit id: 7 to 64 hexadecimal digits, best all 40`,
  },
  {
    what: "a worktree branch that would be an option",
    manifest: run({ worktree: { branch: "--force" } }),
    says: `spec.worktree.branch: Invalid value: "--force": ${BRANCH}`,
  },
  {
    what: "a source branch with a colon",
    manifest: run({ worktree: { branch: "work", sourceBranch: "a:b" } }),
    says: `spec.worktree.sourceBranch: Invalid value: "a:b": ${BRANCH}`,
  },
];

const environment: RefusedManifest[] = [
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

const pods: RefusedManifest[] = [
  {
    what: "a memory request that is no quantity",
    manifest: run({ resources: { requests: { memory: "lots" } } }),
    says: `spec.resources.requests.memory: Invalid value: "lots": spec.resources.requests.memory in body should match ${QUANTITY}`,
  },
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

const workspaces: RefusedManifest[] = [
  {
    what: "a workspace without a repository",
    manifest: manifest("AgentWorkspace", { storageClass: "nfs-csi" }),
    says: "spec.repository: Required value",
  },
  {
    what: "a workspace's name of 59 characters",
    manifest: workspace({}, "w".repeat(59)),
    says: "metadata.name: Invalid value: the name of an AgentWorkspace must be a DNS label of at most 58 characters: lower case letters, digits and '-', starting and ending with a letter or digit",
  },
  {
    what: "an access mode that no claim of a workspace can have",
    manifest: workspace({ accessMode: "ReadOnlyMany" }),
    says: `spec.accessMode: Unsupported value: "ReadOnlyMany": supported values: "ReadWriteMany", "ReadWriteOnce"`,
  },
  {
    what: "a storage size of zero",
    manifest: workspace({ storageSize: "0" }),
    says: `spec.storageSize: Invalid value: "0": spec.storageSize in body should match ${SIZE}`,
  },
  {
    what: "a storage size with a unit that there is not",
    manifest: workspace({ storageSize: "10GB" }),
    says: `spec.storageSize: Invalid value: "10GB": spec.storageSize in body should match ${SIZE}`,
  },
  ...["ws", "workspace", "home", "tmp"].map((name) => ({
    what: `a shared volume with the operator's own name ${name}`,
    manifest: sharing({ name, mountPath: "/data" }),
    says: `spec.sharedVolumes[0].name: Invalid value: "${name}": must not be one of the operator's own names: ws, workspace, home, tmp`,
  })),
  {
    what: "a shared volume's name that is no DNS label",
    manifest: sharing({ name: "claude.config", mountPath: "/data" }),
    says: `spec.sharedVolumes[0].name: Invalid value: "claude.config": ${DNS_LABEL}`,
  },
  ...[
    "/workspace",
    "/workspace-wt/x",
    "/workspace-run",
    "/tmp",
    "/etc/ssl",
    "/usr/local/bin",
    "/root",
    "/home/agent",
  ].map((mountPath) => ({
    what: `a shared volume at ${mountPath}`,
    manifest: sharing({ name: "data", mountPath }),
    says: `spec.sharedVolumes[0].mountPath: Invalid value: "${mountPath}": ${MOUNT}`,
  })),
  ...["/", "root/.claude", "/data/../etc", "/data/", "//data", "/data:ro"].map((mountPath) => ({
    what: `a shared volume at ${mountPath}`,
    manifest: sharing({ name: "data", mountPath }),
    says: `spec.sharedVolumes[0].mountPath: Invalid value: "${mountPath}": ${ABSOLUTE}`,
  })),
  {
    what: "two shared volumes at one path",
    manifest: sharing({ name: "a", mountPath: "/data" }, { name: "b", mountPath: "/data" }),
    says: "spec.sharedVolumes: Invalid value: no two volumes may have the same mountPath, nor one inside the other",
  },
  {
    what: "a shared volume inside another",
    manifest: sharing({ name: "a", mountPath: "/data" }, { name: "b", mountPath: "/data/b" }),
    says: "spec.sharedVolumes: Invalid value: no two volumes may have the same mountPath, nor one inside the other",
  },
  {
    what: "two shared volumes of one name",
    manifest: sharing({ name: "a", mountPath: "/data" }, { name: "a", mountPath: "/more" }),
    says: `spec.sharedVolumes[1]: Duplicate value: {"name":"a"}`,
  },
  {
    what: "names of a workspace and its volume that are too long together",
    manifest: workspace({ sharedVolumes: [{ name: "v".repeat(20), mountPath: "/data" }] }, "w".repeat(50)),
    says: "spec.sharedVolumes: Invalid value: the workspace's name and a shared volume's name must together have at most 62 characters: the volume's claim is named <workspace>-<volume>",
  },
];

const others: RefusedManifest[] = [
  {
    what: "a provider for an agent that there is not",
    manifest: provider({ agentTypes: ["copilot"] }),
    says: `spec.agentTypes[0]: Unsupported value: "copilot": supported values: "claude", "opencode"`,
  },
  {
    what: "a provider that names an agent twice",
    manifest: provider({ agentTypes: ["claude", "claude"] }),
    says: `spec.agentTypes[1]: Duplicate value: "claude"`,
  },
  {
    what: "a provider for no agent at all",
    manifest: provider({ agentTypes: [] }),
    says: "spec.agentTypes: Invalid value: 0: spec.agentTypes in body should have at least 1 items",
  },
  {
    what: "a default timeout that is no duration",
    manifest: config({ defaultTimeout: "soon" }),
    says: `spec.defaultTimeout: Invalid value: "soon": ${DURATION}`,
  },
  {
    what: "a default storage size that is no quantity",
    manifest: config({ storageSize: "big" }),
    says: `spec.storageSize: Invalid value: "big": spec.storageSize in body should match ${SIZE}`,
  },
  {
    what: "an identity without a real e-mail address",
    manifest: config({ gitIdentity: { name: "Agent", email: "nobody" } }),
    says: `spec.gitIdentity.email: Invalid value: "nobody": must be an e-mail address such as agent@example.com`,
  },
  {
    what: "an identity that would end git's own line",
    manifest: config({ gitIdentity: { name: "A <x>\n", email: "a@example.com" } }),
    says: String.raw`spec.gitIdentity.name: Invalid value: "A <x>\n": must be a name that git can put on a commit: one line, without '<' and '>'`,
  },
];

/** Manifests that an API server refuses, with no webhook and no operator running. */
export const REFUSED_MANIFESTS: readonly RefusedManifest[] = [
  ...references,
  ...runs,
  ...durations,
  ...urls,
  ...branches,
  ...git,
  ...environment,
  ...pods,
  ...workspaces,
  ...others,
];

const volume = { name: "a", mountPath: "/data" };

/** Changes that an API server refuses. */
export const REFUSED_CHANGES: readonly RefusedChange[] = [
  {
    what: "the prompt of a run",
    before: run({}),
    after: run({ prompt: "Something else" }),
    says: "spec: Forbidden: an AgentRun cannot be changed once it is created; delete it and create it again, or create another under a new name",
  },
  {
    what: "a timeout that is added to a run",
    before: run({}),
    after: run({ timeout: "1h" }),
    says: "spec: Forbidden: an AgentRun cannot be changed once it is created; delete it and create it again, or create another under a new name",
  },
  {
    what: "the storage class of a workspace",
    before: workspace({ storageClass: "nfs-csi" }),
    after: workspace({ storageClass: "standard" }),
    says: "spec.storageClass: Forbidden: it cannot be changed: the claims exist already; create another AgentWorkspace",
  },
  {
    what: "a storage class that is added to a workspace",
    before: workspace({}),
    after: workspace({ storageClass: "standard" }),
    says: "spec.storageClass: Forbidden: it cannot be changed: the claims exist already; create another AgentWorkspace",
  },
  {
    what: "the access mode of a workspace",
    before: workspace({}),
    after: workspace({ accessMode: "ReadWriteOnce" }),
    says: "spec.accessMode: Forbidden: it cannot be changed: the claims exist already; create another AgentWorkspace",
  },
  {
    what: "the storage size of a workspace",
    before: workspace({ storageSize: "10Gi" }),
    after: workspace({ storageSize: "20Gi" }),
    says: "spec.storageSize: Forbidden: it cannot be changed: the claim exists already; create another AgentWorkspace",
  },
  {
    what: "a shared volume that is removed from a workspace",
    before: sharing(volume),
    after: workspace({ sharedVolumes: [] }),
    says: "spec.sharedVolumes: Forbidden: volumes can be added, but none of them changed or removed: runs may be using them",
  },
  {
    what: "a shared volume that is moved",
    before: sharing(volume),
    after: sharing({ ...volume, mountPath: "/elsewhere" }),
    says: "spec.sharedVolumes: Forbidden: volumes can be added, but none of them changed or removed: runs may be using them",
  },
  {
    what: "the URL of a workspace that is Ready",
    before: workspace({}),
    phase: "Ready",
    after: workspace({ repository: { url: "https://github.com/org/other.git" } }),
    says: "spec.repository: Forbidden: url and branch cannot be changed once the workspace is Ready; create another AgentWorkspace",
  },
  {
    what: "a branch that is added to a workspace that is Ready",
    before: workspace({}),
    phase: "Ready",
    after: workspace({ repository: { ...repository, branch: "next" } }),
    says: "spec.repository: Forbidden: url and branch cannot be changed once the workspace is Ready; create another AgentWorkspace",
  },
];

/** Changes that an API server accepts, beside those that it refuses. */
export const ACCEPTED_CHANGES: readonly Omit<RefusedChange, "says">[] = [
  { what: "a run that is applied again as it is", before: run({}), after: run({}) },
  {
    what: "a shared volume that is added",
    before: sharing(volume),
    phase: "Ready",
    after: sharing(volume, { name: "b", mountPath: "/more" }),
  },
  {
    what: "the URL of a workspace that has failed to clone",
    before: workspace({}),
    phase: "Failed",
    after: workspace({ repository: { url: "https://github.com/org/other.git" } }),
  },
  {
    what: "the credentials of a workspace that is Ready",
    before: workspace({}),
    phase: "Ready",
    after: workspace({ repository: { ...repository, credentialsSecretRef: { name: "s", key: "k" } } }),
  },
];
