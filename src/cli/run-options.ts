import type { OptionSpecs, ValuesOf } from "./command.ts";

/** Every agent, as `src/api/agent-types.ts` has them; help loads nothing else. */
const AGENTS = ["claude", "opencode", "codex", "gemini", "custom"] as const;

/** As in kubectl. */
export const connectionOptions = {
  namespace: {
    type: "string",
    short: "n",
    value: "NAME",
    summary: "Namespace; without it, the context's",
    check: (value: string) =>
      /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value) ? undefined : "expected a namespace name",
    offers: "namespaces",
  },
  context: { type: "string", value: "NAME", summary: "Context of the kubeconfig", offers: "contexts" },
  kubeconfig: {
    type: "string",
    value: "FILE",
    summary: "Kubeconfig to use instead of KUBECONFIG or ~/.kube/config",
    offers: "files",
  },
  as: { type: "string", value: "USER", summary: "Act as this user" },
} as const satisfies OptionSpecs;

/** RUN as every command that is about one takes it. */
export const runArgument = {
  type: "word",
  value: "RUN",
  summary: "Name of the run, or a prefix that no other run has; without it, your newest run",
  offers: "runs",
} as const;

export const objectOutput = {
  type: "string",
  short: "o",
  summary: "Print the AgentRun in this format on standard output, everything else on standard error",
  choices: ["name", "yaml", "json"],
} as const;

export const runOptions = {
  task: {
    type: "word",
    value: "TASK",
    summary: "What the agent should do; - reads it from standard input",
  },
  repo: {
    type: "string",
    value: "URL|DIR",
    summary:
      "Repository to work on: a URL, or a folder with a remote and a branch; without it, the current folder",
    offers: "files",
  },
  branch: { type: "string", value: "NAME", summary: "Branch to check out" },
  agent: { type: "string", summary: "Agent that does the work", choices: AGENTS },
  provider: { type: "string", value: "NAME", summary: "AgentProvider to use", offers: "providers" },
  model: { type: "string", value: "NAME", summary: "Model to ask for" },
  workspace: {
    type: "string",
    value: "NAME",
    summary: "AgentWorkspace to work in, instead of a repository",
    offers: "workspaces",
  },
  worktree: {
    type: "string",
    value: "BRANCH",
    summary: "Branch of the worktree in the workspace; without it, agent/ and the run's name",
  },
  image: { type: "string", value: "IMAGE", summary: "Image of the agent container" },
  timeout: {
    type: "string",
    value: "DURATION",
    summary: "How long the run may take, such as 90s or 1h30m",
    check: (value: string) =>
      /^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$/.test(value) ? undefined : "expected a duration such as 90s or 1h30m",
  },
  env: {
    type: "strings",
    value: "NAME=VALUE",
    summary: "Variable for the agent",
    check: (value: string) => (/^[^=]+=/.test(value) ? undefined : "expected NAME=VALUE"),
  },
  from: {
    type: "string",
    short: "f",
    value: "FILE",
    summary: "Manifest of an AgentRun to start from; options override it",
    offers: "files",
  },
  name: {
    type: "string",
    value: "NAME",
    summary: "Name of the run; without it, a name is made from the task",
  },
  local: {
    type: "boolean",
    summary:
      "Run without any cluster: an embedded one for this run, the folder itself as the repository, the key from the agent's variable; the work becomes a branch",
  },
  detach: { type: "boolean", summary: "Do not follow the run" },
  "dry-run": { type: "boolean", summary: "Let the server check the run without storing it, and print it" },
  output: objectOutput,
  ...connectionOptions,
} as const satisfies OptionSpecs;

export type RunValues = ValuesOf<typeof runOptions>;
