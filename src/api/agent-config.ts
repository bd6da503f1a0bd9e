import type { z } from "zod";
import type { KubeObject } from "../kube/objects.ts";
import { AGENT_TYPES, NAMED_AGENTS, type AgentType } from "./agent-types.ts";
import {
  conditions,
  duration,
  nameOf,
  observedGeneration,
  resources,
  storageSize,
  UNSEEN,
} from "./fields/common.ts";
import { gitIdentity } from "./fields/git.ts";
import { env, image, imagePullSecrets, podSecurityContext } from "./fields/pod.ts";
import { model } from "./fields/provider.ts";
import { choice, flag, object } from "./schema/fields.ts";
import { AGE_COLUMN, type KindDefinition } from "./schema/kind.ts";

const defaultProvider = (agent: AgentType) => nameOf(`AgentProvider of runs with agent ${agent}.`).optional();

const defaultProviders = object(
  Object.fromEntries(AGENT_TYPES.map((agent) => [agent, defaultProvider(agent)])),
  { description: "The AgentProvider of runs that name none, by agent." },
);

const spec = object(
  {
    defaultAgent: choice(
      NAMED_AGENTS,
      "Agent of runs that name none. Default: claude. Not custom, which is nothing without the command of a run.",
    ).optional(),
    defaultProviders: defaultProviders.optional(),
    defaultModel: model("Model of runs that get none from themselves or their provider.").optional(),
    defaultImage: image("Image of the agent container. Default: the operator's agent image.").optional(),
    defaultTimeout: duration("Time that a run may take. Default: 1h.").optional(),
    defaultResources: resources(
      "Resources of the agent container. Default: what the agent is known to need.",
    ).optional(),
    gitResources: resources(
      "Resources of the containers that run git, also of workspaces and clean-ups. Each amount that is left out is the operator's default.",
    ).optional(),
    storageClass: nameOf("Storage class of claims. Default: the cluster's default class.").optional(),
    storageSize: storageSize("Size of the claim of a run or workspace. Default: 10Gi.").optional(),
    env: env(
      "Environment variables of every run. Those of a provider, then those of the run win.",
    ).optional(),
    gitIdentity: gitIdentity.optional(),
    trustRepositoryConfig: flag(
      "Whether agents obey configuration in the checkout: hooks, plugins, MCP servers. Default: false.",
    ).optional(),
    defaultRuntimeClassName: nameOf("Runtime class of pods, such as gvisor.").optional(),
    defaultPriorityClassName: nameOf("Priority class of pods.").optional(),
    defaultServiceAccountName: nameOf("ServiceAccount whose token pods get. Default: no token.").optional(),
    defaultImagePullSecrets: imagePullSecrets("Secrets to pull images with.").optional(),
    defaultPodSecurityContext: podSecurityContext(
      "Security settings of pods; a field that is left out keeps its default.",
    ).optional(),
  },
  { description: "The defaults." },
);

const status = object(
  {
    observedGeneration: observedGeneration.optional(),
    active: flag("Whether this is the AgentConfig that the namespace's runs use.").optional(),
    conditions: conditions("Ready and perhaps Reconciling or Stalled").optional(),
  },
  { description: "What the operator makes of it." },
);

const DESCRIPTION =
  "Defaults of all runs and workspaces of a namespace. The one named `default` is used, else the oldest. What a run itself says always wins.";

const schema = object(
  { spec: spec.optional(), status: status.default({ observedGeneration: UNSEEN }) },
  { description: DESCRIPTION },
);

export type AgentConfigSpec = z.input<typeof spec>;
export type AgentConfigStatus = z.input<typeof status>;
export interface AgentConfig extends KubeObject {
  spec?: AgentConfigSpec;
  status?: AgentConfigStatus;
}

export const agentConfigKind: KindDefinition = {
  kind: "AgentConfig",
  plural: "agentconfigs",
  singular: "agentconfig",
  shortNames: ["aconf"],
  description: DESCRIPTION,
  schema,
  rules: [],
  columns: [
    {
      name: "Active",
      type: "boolean",
      jsonPath: ".status.active",
      description: "Whether the namespace's runs use it",
    },
    AGE_COLUMN,
  ],
};
