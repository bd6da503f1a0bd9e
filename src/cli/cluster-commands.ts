import type { Command, OptionSpecs, ValuesOf } from "./command.ts";
import { defineCommand } from "./command.ts";
import type { CommandContext } from "./context.ts";

/** The images of what the operator makes, where nothing else names one. */
export const imageOptions = {
  "git-image": { type: "string", value: "IMAGE", summary: "Image of the containers that run git" },
  "agent-image": {
    type: "string",
    value: "IMAGE",
    summary: "Image of the agent container where neither the AgentRun nor the AgentConfig names one",
  },
} as const satisfies OptionSpecs;

const installOptions = {
  image: { type: "string", value: "IMAGE", summary: "The operator's image" },
  ...imageOptions,
} as const satisfies OptionSpecs;

const uninstallOptions = {
  crds: { type: "boolean", summary: "Remove the CRDs too, and with them every AgentRun" },
} as const satisfies OptionSpecs;

const renderOptions = {
  filename: {
    type: "strings",
    short: "f",
    value: "FILE",
    summary: "YAML with AgentRuns, and the AgentConfig, AgentProviders and AgentWorkspaces that they use",
  },
  namespace: {
    type: "string",
    value: "NAME",
    summary: "Namespace of objects that name none",
    default: "default",
  },
  ...imageOptions,
} as const satisfies OptionSpecs;

const doctorOptions = {
  namespace: {
    type: "string",
    value: "NAME",
    summary:
      "Look at the AgentProviders and the Pod Security level of this namespace; default: the context's",
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

export type InstallValues = ValuesOf<typeof installOptions>;
export type UninstallValues = ValuesOf<typeof uninstallOptions>;
export type DoctorValues = ValuesOf<typeof doctorOptions>;
export type RenderValues = ValuesOf<typeof renderOptions>;

/** The commands for whoever runs the operator on a cluster, as data. */
export const clusterCommands: readonly Command<OptionSpecs, CommandContext>[] = [
  defineCommand({
    name: "install",
    summary: "Install the CRDs and the operator into the cluster of the current context",
    description: [
      "Applies config/crd and config/default of this checkout. What is there is brought up to date.",
    ],
    options: installOptions,
    examples: ["agent-operator install --image registry.example.com/agent-operator:0.1.0"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/install.ts")).runInstall(values, context),
  }),
  defineCommand({
    name: "uninstall",
    summary: "Remove the operator from the cluster of the current context",
    description: ["Deletes what config/default holds and waits until it is gone. Every AgentRun stays."],
    options: uninstallOptions,
    examples: ["agent-operator uninstall", "agent-operator uninstall --crds"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/uninstall.ts")).runUninstall(values, context),
  }),
  defineCommand({
    name: "doctor",
    summary: "Look a cluster over for what would keep runs from working",
    description: [
      "Looks at the API server's version, the CRDs, the operator's permissions, its replicas and Lease, storage classes, Pod Security, AgentProviders with their Secrets, and objects whose deletion is held up, and says what to do about each finding. It never changes anything.",
      "Exit code 1 means that something keeps runs from working; warnings alone end with 0.",
    ],
    options: doctorOptions,
    examples: ["agent-operator doctor", "agent-operator doctor --namespace team-a --json"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/doctor.ts")).runDoctor(values, context),
  }),
  defineCommand({
    name: "render",
    summary: "Print the objects that an AgentRun will become, and where each value came from",
    description: [
      "Reads manifests, applies every default as the operator does, and prints the claim and the Job as YAML. Above them stands each value that counts and the object that it came from. Asks no cluster: Secrets are taken to exist, a workspace to be Ready.",
      "A manifest that an API server would refuse is refused with the same message. Values of variables whose names say that they are secret are masked.",
    ],
    options: renderOptions,
    examples: ["agent-operator render -f run.yaml -f provider.yaml --namespace team-a"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/render.ts")).runRender(values, context),
  }),
];
