import type { z } from "zod";
import type { KubeObject } from "../kube/objects.ts";
import { AGENT_TYPES } from "./agent-types.ts";
import { continueFrom, keepSession } from "./fields/continue-from.ts";
import { duration, UNSEEN, keyRef, nameOf, resources, workspaceNameOf } from "./fields/common.ts";
import {
  args,
  command,
  instructions,
  mcpServers,
  promptFrom,
  resultSchema,
  skills,
  systemPrompt,
} from "./fields/agent-input.ts";
import { additionalRepositories, runRepository, worktree } from "./fields/git.ts";
import { env, image, imagePullSecrets, nodeSelector, podSecurityContext, tolerations } from "./fields/pod.ts";
import { placementFields } from "./fields/placement.ts";
import { model, providerFields } from "./fields/provider.ts";
import { publish } from "./fields/publish.ts";
import { caches } from "./fields/caches.ts";
import { runStatus } from "./fields/run-status.ts";
import { services } from "./fields/services.ts";
import { volumeMounts, volumes } from "./fields/volumes.ts";
import { setup } from "./fields/setup.ts";
import { verify } from "./fields/verify.ts";
import { agentRunRules, agentRunSpecRules, unchanged } from "./rules/agent-run.ts";
import { mountsOfVolumes } from "./rules/mounts.ts";
import { continuedRunRules, continueRules } from "./rules/continue-from.ts";
import { dnsLabel, dnsSubdomain, MAX_RUN_NAME, runName } from "./rules/names.ts";
import { publishAppRules } from "./rules/github-app.ts";
import { publishedRunRules, publishRules } from "./rules/publish.ts";
import { MAX_PROMPT_BYTES, noNul, notBlank, promptSize, shownName } from "./rules/values.ts";
import { choice, flag, integer, list, object, text } from "./schema/fields.ts";
import { AGE_COLUMN, type KindDefinition } from "./schema/kind.ts";

const provider = object(
  {
    name: text({
      description: "Name for people, shown in status.",
      minLength: 1,
      maxLength: 128,
      rules: [shownName],
    }).optional(),
    authSecretRef: keyRef(
      "Secret",
      "Secret key that holds the token. Without it the agent calls the provider without a token.",
    ).optional(),
    ...providerFields,
  },
  { description: "A provider for this run alone. Excludes providerRef." },
);

/** Ends of an attempt after which another one can come further. */
export const RETRYABLE = [
  "RateLimited",
  "Overloaded",
  "AgentFailed",
  "AgentError",
  "TurnLimit",
  "Stalled",
  "OutOfMemory",
  "Evicted",
  "PodDeleted",
  "CloneFailed",
  "GitHubTokenFailed",
  "SetupFailed",
  "SetupTimedOut",
  "ServiceFailed",
  "PortTaken",
  "ImagePullFailed",
] as const;

const retry = object(
  {
    limit: integer({ description: "Maximum number of further attempts.", minimum: 0, maximum: 10 }),
    reasons: list(choice(RETRYABLE, "A reason."), {
      description: "Reasons that start another attempt.",
      minItems: 1,
      maxItems: RETRYABLE.length,
      type: "set",
    }),
  },
  {
    description:
      "Starts further attempts if one has failed. They keep the work so far and continue the agent's session if the agent can. The timeout counts the work of all attempts together. The first follows after 10 s, each later one after twice that time.",
  },
);

const queueName = text({
  description:
    "Name of a LocalQueue of Kueue in the same namespace. The Jobs of the agent and of verify are created suspended, and Kueue starts them. Without Kueue it waits for ever.",
  minLength: 1,
  maxLength: 63,
  rules: [dnsSubdomain],
});

const dependsOn = list(
  object(
    {
      run: text({ description: "Name of the run.", maxLength: MAX_RUN_NAME, rules: [dnsLabel] }),
      when: choice(
        ["Succeeded", "Finished"],
        "Which end lets this run start: only Succeeded, or any. Default: Succeeded.",
      ).optional(),
    },
    { description: "A run that has to end first." },
  ),
  {
    description:
      "Runs of the same namespace that have to end before this one starts. They may be created later. What each one has left is a file RUN.json in the folder that the variable AGENT_INPUTS names.",
    minItems: 1,
    maxItems: 16,
    type: "map",
    keys: ["run"],
  },
);

/** The fields of `spec`, for what creates runs too. */
export const runFields = {
  agent: choice(
    AGENT_TYPES,
    "Agent to run. Default: the AgentConfig's defaultAgent, else claude.",
  ).optional(),
  command: command.optional(),
  providerRef: nameOf(
    "Name of an AgentProvider in the same namespace. Default: the AgentConfig's defaultProviders.",
  ).optional(),
  provider: provider.optional(),
  model: model(
    "Model to use. Default: the provider's, else the AgentConfig's defaultModel, else the agent's own choice.",
  ).optional(),
  workspaceRef: workspaceNameOf(
    "Name of an AgentWorkspace in the same namespace; the run waits until it is Ready. Excludes repository.",
  ).optional(),
  repository: runRepository.optional(),
  additionalRepositories: additionalRepositories.optional(),
  worktree: worktree.optional(),
  continueFrom: continueFrom.optional(),
  keepSession: keepSession.optional(),
  dependsOn: dependsOn.optional(),
  queueName: queueName.optional(),
  setup: setup(
    "What runs before the agent, in its image and its home directory, such as the installation of dependencies. It has the variables of the AgentConfig and the run, but no key of a provider and no git credential. The verification runs it too. Default: the workspace's, else the AgentConfig's defaultSetup.",
  ).optional(),
  services: services.optional(),
  caches: caches("Caches of this run. Default: the AgentConfig's defaultCaches.").optional(),
  volumes: volumes(
    "Volumes of the pod. With volumeMounts it replaces the AgentConfig's defaultVolumes and defaultVolumeMounts.",
  ).optional(),
  volumeMounts: volumeMounts(
    "Where setup and the agent see the volumes. The verification sees them too, but no claim that the run can write, and Secrets in its setup alone.",
  ).optional(),
  prompt: text({
    description: "The task, word for word as the agent gets it. At most 100 KiB.",
    maxLength: MAX_PROMPT_BYTES,
    rules: [notBlank, promptSize, noNul],
  }).optional(),
  promptFrom: promptFrom.optional(),
  systemPrompt: systemPrompt.optional(),
  instructions: instructions("Instructions, after those of the AgentConfig.").optional(),
  mcpServers: mcpServers(
    "MCP servers whose tools the agent can use, in addition to those of the AgentConfig. If two have the same name, the run's own is used.",
  ).optional(),
  skills: skills(
    "Skills, beside those of the AgentConfig. One of the same name replaces the AgentConfig's.",
  ).optional(),
  args: args.optional(),
  resultSchema: resultSchema.optional(),
  maxTurns: integer({
    description:
      "Maximum number of turns. Default: only the timeout limits the agent. Some agents do not support it.",
    minimum: 1,
    maximum: 100_000,
  }).optional(),
  resources: resources(
    "Resources of the agent container. Default: the AgentConfig's defaultResources.",
  ).optional(),
  gitResources: resources(
    "Resources of all containers that run git. An amount that you leave out is the AgentConfig's, else the operator's default.",
  ).optional(),
  caBundleRef: keyRef(
    "ConfigMap",
    "ConfigMap key that holds PEM certificates of private authorities. Git, setup, the agent, its tools and the verification trust them beside the public ones. Default: the AgentConfig's.",
  ).optional(),
  timeout: duration(
    "Time limit from the start of the pod, such as 90s or 1h30m. Default: the AgentConfig's defaultTimeout, else 1h.",
  ).optional(),
  stallTimeout: duration(
    "Time without output and work after which the agent is stopped, such as 15m. Default: never.",
  ).optional(),
  retry: retry.optional(),
  verify: verify.optional(),
  publish: publish.optional(),
  ttlSecondsAfterFinished: integer({
    description:
      "Seconds from the run's end to its deletion, with its Job and its claim. Default: the run is kept.",
    minimum: 0,
    maximum: 315_360_000,
  }).optional(),
  env: env(
    "Environment variables of the agent. They override those of the AgentConfig and the provider.",
  ).optional(),
  image: image(
    "Image of the agent container. Default: the AgentConfig's defaultImage, else the operator's agent image.",
  ).optional(),
  nodeSelector: nodeSelector.optional(),
  tolerations: tolerations.optional(),
  ...placementFields,
  trustRepositoryConfig: flag(
    "Whether the agent obeys configuration in the checkout: hooks, plugins, MCP servers. Default: the AgentConfig's, else false.",
  ).optional(),
  runtimeClassName: nameOf("Runtime class of the pod, such as gvisor.").optional(),
  priorityClassName: nameOf("Priority class of the pod.").optional(),
  serviceAccountName: nameOf(
    "ServiceAccount of the pod, which gets its token. Default: the AgentConfig's, else no token.",
  ).optional(),
  imagePullSecrets: imagePullSecrets("Secrets to pull the images with.").optional(),
  podSecurityContext: podSecurityContext(
    "Security settings of the pod. A field that you leave out keeps its default.",
  ).optional(),
};
/** What must hold between them, whoever creates the run. */
export const runFieldRules = [
  ...agentRunSpecRules,
  mountsOfVolumes("volumeMounts", "volumes"),
  ...continueRules,
  ...publishRules,
  ...publishAppRules,
];

const spec = object(runFields, {
  description: "What to run. It cannot be changed once the run is created.",
  rules: [unchanged, ...runFieldRules],
});

/** Of the runs that something else creates. */
export const runTemplateSpec = object(runFields, {
  description: "What each run does.",
  rules: runFieldRules,
});

const DESCRIPTION =
  "One task for one coding agent: a Job that checks out a repository, runs the agent on it and reports what it did.";

const schema = object(
  { spec, status: runStatus.default({ phase: "Pending", observedGeneration: UNSEEN }) },
  { description: DESCRIPTION },
);

export type AgentRunSpec = z.input<typeof spec>;
export type AgentRunStatus = z.input<typeof runStatus>;
export type AgentRunPhase = AgentRunStatus["phase"];
export type AgentRunResult = NonNullable<AgentRunStatus["result"]>;
export type AgentRunOutcome = NonNullable<AgentRunStatus["outcome"]>;
export interface AgentRun extends KubeObject {
  spec: AgentRunSpec;
  status?: AgentRunStatus;
}

export const agentRunKind: KindDefinition = {
  kind: "AgentRun",
  plural: "agentruns",
  singular: "agentrun",
  shortNames: ["arun"],
  description: DESCRIPTION,
  schema,
  rules: [runName, ...agentRunRules, ...continuedRunRules, ...publishedRunRules],
  columns: [
    { name: "Agent", type: "string", jsonPath: ".status.agent", description: "The agent that runs" },
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "Phase of the run" },
    AGE_COLUMN,
    {
      name: "Reason",
      type: "string",
      jsonPath: ".status.reason",
      description: "Why it is there",
      wide: true,
    },
    {
      name: "Provider",
      type: "string",
      jsonPath: ".status.provider",
      description: "Its provider",
      wide: true,
    },
    {
      name: "Branch",
      type: "string",
      jsonPath: ".status.branch",
      description: "Where it commits",
      wide: true,
    },
    {
      name: "Verified",
      type: "string",
      jsonPath: ".status.verification.verdict",
      description: "What the verification of its work came to",
      wide: true,
    },
    {
      name: "Published",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Published")].reason',
      description: "Whether its work is pushed",
      wide: true,
    },
    {
      name: "PR",
      type: "string",
      jsonPath: ".status.published.pullRequest.url",
      description: "The pull request for its work",
      wide: true,
    },
    {
      name: "Duration",
      type: "string",
      jsonPath: ".status.duration",
      description: "Time from the creation of its Job to its end",
      wide: true,
    },
    {
      name: "Cost",
      type: "string",
      jsonPath: ".status.usage.costUSD",
      description: "What it cost with all its attempts, in US dollars, as the agent reports it",
      wide: true,
    },
  ],
};
