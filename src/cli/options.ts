import type { OptionSpecs, ValuesOf } from "./command.ts";
import { connectionOptions, runArgument } from "./run-options.ts";
import { parseResource } from "./resources.ts";

/** The images of what the operator makes, if nothing else names one. */
export const imageOptions = {
  "git-image": { type: "string", value: "IMAGE", summary: "Image of the containers that run git" },
  "agent-image": {
    type: "string",
    value: "IMAGE",
    summary: "Image of the agent container if neither the AgentRun nor the AgentConfig names one",
  },
} as const satisfies OptionSpecs;

const operatorImageOption = {
  "operator-image": {
    type: "string",
    value: "IMAGE",
    summary: "The operator's own image, for the containers that talk to a forge",
  },
} as const satisfies OptionSpecs;

const gitResourceOption = {
  "git-resource": {
    type: "strings",
    value: "NAME=AMOUNT",
    summary: "Request or limit of the containers that run git, such as limits.memory=2Gi",
    check: (value: string) => parseResource(value).error,
  },
} as const satisfies OptionSpecs;

const operatorNamespace = {
  type: "string",
  short: "n",
  value: "NAME",
  summary: "Where the operator runs",
  default: "agent-operator-system",
  check: checkNamespace,
} as const;

export const installOptions = {
  namespace: operatorNamespace,
  registry: {
    type: "string",
    value: "REGISTRY",
    summary: "Registry with the three images of this version, such as registry.example.com/team",
    check: (value: string) => (/^[^\s:]+(:[0-9]+)?[^\s:]*$/.test(value) ? undefined : "expected HOST/PATH"),
  },
  image: { type: "string", value: "IMAGE", summary: "The operator's image" },
  ...imageOptions,
  "dry-run": { type: "boolean", summary: "Print what would be applied as YAML, without a cluster" },
  wait: { type: "boolean", summary: "Wait until the operator's replicas are available" },
  timeout: {
    type: "string",
    value: "DURATION",
    summary: "How long --wait waits at most",
    default: "5m",
  },
} as const satisfies OptionSpecs;

export const completionOptions = {
  shell: {
    type: "argument",
    value: "SHELL",
    summary: "bash, zsh or fish",
    choices: ["bash", "zsh", "fish"],
  },
} as const satisfies OptionSpecs;

export const uninstallOptions = {
  namespace: operatorNamespace,
  crds: { type: "boolean", summary: "Remove the CRDs too, and with them every AgentRun" },
} as const satisfies OptionSpecs;

export const renderOptions = {
  filename: {
    type: "strings",
    short: "f",
    value: "FILE",
    summary:
      "YAML with AgentRuns, AgentSchedules, AgentTriggers or AgentNotifiers, and the AgentConfig, AgentProviders and AgentWorkspaces that runs use",
  },
  event: {
    type: "string",
    value: "FILE",
    summary: "Body of a delivery at an AgentTrigger, as the forge sent it: a JSON object",
  },
  header: {
    type: "strings",
    value: "NAME: VALUE",
    summary: "Header of that delivery, such as 'x-github-event: issues'",
    check: (value: string) => (/^[A-Za-z0-9-]+:/.test(value) ? undefined : "expected NAME: VALUE"),
  },
  namespace: {
    type: "string",
    value: "NAME",
    summary: "Namespace of objects without one",
    default: "default",
  },
  ...imageOptions,
  ...operatorImageOption,
  ...gitResourceOption,
} as const satisfies OptionSpecs;

export const doctorOptions = {
  namespace: {
    type: "string",
    short: "n",
    value: "NAME",
    summary: "Check the AgentProviders and the Pod Security level of this namespace; default: the context's",
  },
  "operator-namespace": {
    type: "string",
    value: "NAME",
    summary: "Where the operator runs",
    default: "agent-operator-system",
  },
  "operator-account": {
    type: "string",
    value: "NAME",
    summary: "The ServiceAccount that the operator runs as",
    default: "agent-operator",
  },
  json: { type: "boolean", summary: "Print the findings as JSON" },
} as const satisfies OptionSpecs;

export type CompletionValues = ValuesOf<typeof completionOptions>;
export type InstallValues = ValuesOf<typeof installOptions>;
export type UninstallValues = ValuesOf<typeof uninstallOptions>;
export type DoctorValues = ValuesOf<typeof doctorOptions>;
export type RenderValues = ValuesOf<typeof renderOptions>;

const dataOption = {
  type: "string",
  value: "DIR",
  summary: "Where the cluster keeps its state and its kubeconfig",
  default: ".agent-operator",
} as const;

export const devOptions = {
  data: dataOption,
  port: {
    type: "string",
    value: "N",
    summary: "Port of the API server on 127.0.0.1; the one of the last start, else a free one",
    check: (value: string) => (isPort(value) ? undefined : "expected a port from 1 to 65535"),
  },
  "hooks-port": {
    type: "string",
    value: "N",
    summary: "Port on 127.0.0.1 at which AgentTriggers take deliveries; a free one if not given",
    check: (value: string) => (isPort(value) ? undefined : "expected a port from 1 to 65535"),
  },
  "no-operator": { type: "boolean", summary: "Start the cluster without the operator" },
  samples: {
    type: "boolean",
    summary:
      "Provide what config/samples names: its repository, a scripted model behind its provider, its Secrets",
  },
  "git-mirror": {
    type: "strings",
    value: "URL=PATH",
    summary: "Let git use the local repository at PATH for URL",
    check: (value: string) => (isPair(value) ? undefined : "expected URL=PATH"),
  },
  host: {
    type: "strings",
    value: "NAME=ADDR",
    summary: "Let pods resolve NAME to ADDR",
    check: (value: string) => (isPair(value) ? undefined : "expected NAME=ADDR"),
  },
} as const satisfies OptionSpecs;

export const demoOptions = {
  agent: {
    type: "string",
    summary: "Agent that does the work; claude if you name none",
    choices: ["claude", "opencode", "codex", "gemini"],
  },
  repo: {
    type: "string",
    value: "PATH|URL",
    summary: "Work on this repository (a clone of it: yours is not changed) instead of a small new one",
  },
  prompt: { type: "string", value: "TEXT", summary: "What the agent is asked to do" },
  live: {
    type: "boolean",
    summary:
      "Use the real model service, with the key in the agent's own variable (such as ANTHROPIC_API_KEY), instead of the scripted one",
  },
  workspace: {
    type: "boolean",
    summary: "Show four agents at the same time on one AgentWorkspace, two of each kind, instead of one",
  },
  publish: {
    type: "boolean",
    summary:
      "Verify, push and propose the work in a pull request, on a local forge; the first verification fails, and the agent corrects its work",
  },
  keep: { type: "boolean", summary: "Stay up afterwards, until Ctrl-C" },
  json: {
    type: "boolean",
    summary:
      "Print the final AgentRun (a List with --workspace) as JSON on standard output, and nothing else",
  },
} as const satisfies OptionSpecs;

export const operatorOptions = {
  "health-probe-bind-address": {
    type: "string",
    value: "ADDR",
    summary: "Where /healthz and /readyz answer; 0 turns them off",
    default: ":8081",
    check: checkBindAddress,
  },
  "metrics-bind-address": {
    type: "string",
    value: "ADDR",
    summary: "Where /metrics answers; 0 turns it off",
    default: ":8080",
    check: checkBindAddress,
  },
  "webhook-bind-address": {
    type: "string",
    value: "ADDR",
    summary: "Where admission webhooks are served, such as :9443; 0 turns them off",
    default: "0",
    check: checkBindAddress,
  },
  "leader-elect": {
    type: "boolean",
    summary: "Work only while holding the Lease, so that several replicas may run",
  },
  namespace: {
    type: "strings",
    value: "NAME",
    summary: "Watch only this namespace; without it, all namespaces",
    check: checkNamespace,
  },
  secret: {
    type: "strings",
    value: "NAME",
    summary: "Read only the Secret with this name, for a role that is limited to it; without it, all Secrets",
    check: (value: string) =>
      /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(value) ? undefined : "expected the name of a Secret",
  },
  ...imageOptions,
  ...operatorImageOption,
  ...gitResourceOption,
  "otlp-endpoint": {
    type: "string",
    value: "URL",
    summary: "Send a trace of each run that ends to this OTLP/HTTP receiver, such as http://collector:4318",
    check: (value: string) =>
      /^https?:$/.test(URL.parse(value)?.protocol ?? "") ? undefined : "expected an http or https URL",
  },
  "log-level": {
    type: "string",
    summary: "Lowest level that is logged",
    choices: ["debug", "info", "warn", "error", "silent"],
    default: "info",
  },
} as const satisfies OptionSpecs;

export const cancelOptions = {
  run: runArgument,
  "no-wait": { type: "boolean", summary: "Do not wait until the run has ended" },
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const artifactsOptions = {
  run: runArgument,
  patch: { type: "boolean", summary: "The whole change, in git's patch format, including uncommitted work" },
  transcript: { type: "boolean", summary: "What the agent wrote, as lines of JSON" },
  logs: { type: "boolean", summary: "The transcript with the agent's errors and the outcome" },
  output: {
    type: "string",
    short: "o",
    value: "DIR",
    summary: "Write files into this directory; without it, print one artifact to standard output",
  },
  image: {
    type: "string",
    value: "IMAGE",
    summary: "Image with git for a run without a Job; without it, this version's own",
  },
  ...connectionOptions,
} as const satisfies OptionSpecs;

export type ArtifactsValues = ValuesOf<typeof artifactsOptions>;
export type CancelValues = ValuesOf<typeof cancelOptions>;

export type DevValues = ValuesOf<typeof devOptions>;
export type DemoValues = ValuesOf<typeof demoOptions>;
export type OperatorValues = ValuesOf<typeof operatorOptions>;

function isPort(value: string): boolean {
  return /^[1-9][0-9]{0,4}$/.test(value) && Number(value) <= 65_535;
}

/** Both sides of the last `=` are needed: a URL may itself hold one. */
function isPair(value: string): boolean {
  return /^.+=[^=]+$/.test(value);
}

function checkNamespace(value: string): string | undefined {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value) ? undefined : "expected a namespace name";
}

/** Undefined if it is an address to bind. */
export function checkBindAddress(value: string): string | undefined {
  const port = /^(?:.*:)([0-9]{1,5})$/.exec(value)?.[1];
  if (value === "0" || (port !== undefined && Number(port) <= 65_535)) return undefined;
  return "expected :PORT, HOST:PORT or 0";
}
