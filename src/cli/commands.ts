import type { Command, OptionSpecs, ValuesOf } from "./command.ts";
import { defineCommand } from "./command.ts";
import { clusterCommands, imageOptions } from "./cluster-commands.ts";
import type { CommandContext } from "./context.ts";

const dataOption = {
  type: "string",
  value: "DIR",
  summary: "Where the cluster keeps its state and its kubeconfig",
  default: ".agent-operator",
} as const;

const devOptions = {
  data: dataOption,
  port: {
    type: "string",
    value: "N",
    summary: "Port of the API server on 127.0.0.1; the one of the last start, else a free one",
    check: (value: string) => (isPort(value) ? undefined : "expected a port from 1 to 65535"),
  },
  "no-operator": { type: "boolean", summary: "Start the cluster without the operator" },
  "git-mirror": {
    type: "strings",
    value: "URL=PATH",
    summary: "Answer git for URL from the local repository at PATH",
    check: (value: string) => (isPair(value) ? undefined : "expected URL=PATH"),
  },
  host: {
    type: "strings",
    value: "NAME=ADDR",
    summary: "Let pods resolve NAME to ADDR",
    check: (value: string) => (isPair(value) ? undefined : "expected NAME=ADDR"),
  },
} as const satisfies OptionSpecs;

const demoOptions = {
  agent: {
    type: "string",
    summary: "Which agent does the work",
    choices: ["claude", "opencode"],
    default: "claude",
  },
  repo: {
    type: "string",
    value: "PATH|URL",
    summary: "Work on this repository (a clone of it: yours is not changed) instead of a small new one",
  },
  prompt: { type: "string", value: "TEXT", summary: "What the agent is asked to do" },
  live: {
    type: "boolean",
    summary: "Use the real model service with ANTHROPIC_API_KEY instead of the scripted one",
  },
  workspace: {
    type: "boolean",
    summary: "Show four agents at the same time on one AgentWorkspace, two of each kind, instead of one",
  },
  keep: { type: "boolean", summary: "Stay up afterwards, until Ctrl-C" },
  json: {
    type: "boolean",
    summary:
      "Print the final AgentRun (a List with --workspace) as JSON on standard output, and nothing else",
  },
} as const satisfies OptionSpecs;

const operatorOptions = {
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
    summary: "Watch only this namespace; without it all are watched",
    check: checkNamespace,
  },
  ...imageOptions,
  "otlp-endpoint": {
    type: "string",
    value: "URL",
    summary: "Send a trace of each run that ends to this OTLP/HTTP receiver, such as http://collector:4318",
    check: (value: string) =>
      /^https?:$/.test(URL.parse(value)?.protocol ?? "") ? undefined : "expected an http or https URL",
  },
  "log-level": {
    type: "string",
    summary: "Least severe level that is logged",
    choices: ["debug", "info", "warn", "error", "silent"],
    default: "info",
  },
} as const satisfies OptionSpecs;

const namespaceOption = {
  type: "string",
  short: "n",
  value: "NAME",
  summary: "Namespace of the run; without it the kubeconfig's",
  check: checkNamespace,
} as const;

const cancelOptions = {
  run: { type: "argument", value: "RUN", summary: "Name of the AgentRun" },
  namespace: namespaceOption,
  "no-wait": { type: "boolean", summary: "Do not wait until the run has ended" },
} as const satisfies OptionSpecs;

const artifactsOptions = {
  run: { type: "argument", value: "RUN", summary: "Name of the AgentRun" },
  patch: { type: "boolean", summary: "The whole change, in git's patch format, uncommitted work included" },
  transcript: { type: "boolean", summary: "What the agent wrote, as lines of JSON" },
  logs: { type: "boolean", summary: "The transcript with the agent's errors and the outcome" },
  output: {
    type: "string",
    short: "o",
    value: "DIR",
    summary: "Write files into this directory; without it one artifact goes to standard output",
  },
  image: {
    type: "string",
    value: "IMAGE",
    summary: "Image with git for a run whose Job is gone; without it this version's own",
  },
  namespace: namespaceOption,
} as const satisfies OptionSpecs;

export type ArtifactsValues = ValuesOf<typeof artifactsOptions>;
export type CancelValues = ValuesOf<typeof cancelOptions>;

export type DevValues = ValuesOf<typeof devOptions>;
export type DemoValues = ValuesOf<typeof demoOptions>;
export type OperatorValues = ValuesOf<typeof operatorOptions>;

/** Every command, as data; the modules that carry them out are imported when they are run. */
export const commands: readonly Command<OptionSpecs, CommandContext>[] = [
  defineCommand({
    name: "dev",
    summary: "Keep an embedded cluster with the operator running on this machine",
    description: [
      "Starts a single-machine Kubernetes API server with its controllers and a kubelet that runs pods as local processes, installs the CRDs, and runs the operator under its own ServiceAccount. Prints the KUBECONFIG to export; every kubectl command of the guide then works in another shell.",
      "Listens on the loopback interface only. State lives in the data directory and survives a restart.",
    ],
    options: devOptions,
    examples: [
      "npm run dev",
      "npm run dev -- --data /tmp/cluster --port 6443",
      "npm run dev -- --git-mirror https://github.com/org/repo.git=$HOME/src/repo",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/dev.ts")).runDev(values, context),
  }),
  defineCommand({
    name: "demo",
    summary: "Run one AgentRun from manifest to result, with nothing but this checkout",
    description: [
      "Starts an embedded cluster with the operator in a temporary directory, applies a Secret, an AgentProvider, an AgentConfig and an AgentRun, and shows the run live until it has ended: its phases, what the agent said, the commit it made, the diff, tokens and cost. The agent is the real CLI; the model that it talks to is a scripted endpoint on loopback, so no key is needed.",
      "Removes everything when it ends. Exit code 0 means that the run succeeded.",
    ],
    options: demoOptions,
    examples: [
      "npm run demo",
      "npm run demo -- --agent opencode",
      "npm run demo -- --workspace",
      'ANTHROPIC_API_KEY=… npm run demo -- --live --repo . --prompt "Fix the typo in README.md"',
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/demo.ts")).runDemoCommand(values, context),
  }),
  defineCommand({
    name: "operator",
    summary: "Run the operator against the current kubeconfig, or inside a cluster",
    description: [
      "Inside a pod it uses the pod's ServiceAccount, elsewhere the current context of KUBECONFIG (or ~/.kube/config). The CRDs must be installed first: kubectl apply -k config/crd/",
      "Addresses are HOST:PORT, or :PORT for every interface.",
    ],
    options: operatorOptions,
    examples: [
      "agent-operator operator --health-probe-bind-address=:8081 --metrics-bind-address=:8080",
      "agent-operator operator --namespace team-a --namespace team-b --leader-elect",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/operator.ts")).runOperator(values, context),
  }),
  defineCommand({
    name: "cancel",
    summary: "Stop a run; its work so far and what it cost are kept",
    description: [
      "Sets the annotation agent.xonovex.com/cancel on the AgentRun, as the calling user, and waits until it has ended: Failed with the reason Cancelled, or in its own way if it was done before.",
    ],
    options: cancelOptions,
    examples: ["agent-operator cancel fix-auth-bug", "agent-operator cancel fix-auth-bug --namespace team-a"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/cancel.ts")).runCancel(values, context),
  }),
  defineCommand({
    name: "artifacts",
    summary: "Fetch a run's patch, transcript and log, also after its pod is gone",
    description: [
      "Starts a restricted pod, as the calling user, that can only read the run's claim, takes the files from its log and removes it. Values of the run's Secrets are left out. Works for a run that goes on, has ended, or was killed: a patch that was not written is made from the checkout.",
      "With --output and none of --patch, --transcript and --logs all three are fetched. It needs the permission to get the AgentRun and its Job, to create, watch and delete pods, and to get pods/log.",
    ],
    options: artifactsOptions,
    examples: [
      "agent-operator artifacts fix-auth-bug --patch",
      "agent-operator artifacts fix-auth-bug -o fix-auth-bug/",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/artifacts.ts")).runArtifacts(values, context),
  }),
  ...clusterCommands,
  defineCommand({
    name: "version",
    summary: "Print the version",
    description: ["Prints the version of this program."],
    options: {},
    examples: [],
    run: async (_values, context: CommandContext) =>
      (await import("./commands/version.ts")).runVersion(context),
  }),
];

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

function checkBindAddress(value: string): string | undefined {
  const port = /^(?:.*:)([0-9]{1,5})$/.exec(value)?.[1];
  if (value === "0" || (port !== undefined && Number(port) <= 65_535)) return undefined;
  return "expected :PORT, HOST:PORT or 0";
}
