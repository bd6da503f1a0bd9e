import type { z } from "zod";
import type { KubeObject } from "../kube/objects.ts";
import { AGENT_TYPES, NAMED_AGENTS, type AgentType } from "./agent-types.ts";
import {
  conditions,
  duration,
  keyRef,
  maxRunning,
  nameOf,
  observedGeneration,
  resources,
  storageSize,
  UNSEEN,
} from "./fields/common.ts";
import { instructions, mcpServers, skills } from "./fields/agent-input.ts";
import { caches, cachesInUse } from "./fields/caches.ts";
import { gitIdentity } from "./fields/git.ts";
import { env, image, imagePullSecrets, podSecurityContext } from "./fields/pod.ts";
import { placementDefaults } from "./fields/placement.ts";
import { model } from "./fields/provider.ts";
import { volumeMounts, volumes } from "./fields/volumes.ts";
import { setup } from "./fields/setup.ts";
import { mountsOfVolumes } from "./rules/mounts.ts";
import { noNul, serverUrl } from "./rules/values.ts";
import { choice, flag, object, text } from "./schema/fields.ts";
import { AGE_COLUMN, type KindDefinition } from "./schema/kind.ts";

const defaultProvider = (agent: AgentType) => nameOf(`AgentProvider of runs with agent ${agent}.`).optional();

const defaultProviders = object(
  Object.fromEntries(AGENT_TYPES.map((agent) => [agent, defaultProvider(agent)])),
  { description: "AgentProvider of runs that name none, for each agent." },
);

const address = (description: string) => text({ description, maxLength: 2048, rules: [serverUrl] });

const proxy = object(
  {
    http: address("Proxy for URLs that begin with http:, such as http://proxy.example.com:3128.").optional(),
    https: address("Proxy for URLs that begin with https:.").optional(),
    noProxy: text({
      description: "Hosts and networks that are reached without it, separated by commas.",
      maxLength: 4096,
      rules: [noNul],
    }).optional(),
  },
  {
    description:
      "Proxy of git, setup, the agent and its tools, as the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY in both cases. A variable of env wins. Put a password into a variable from a Secret instead.",
  },
);

const spec = object(
  {
    defaultAgent: choice(
      NAMED_AGENTS,
      "Agent of runs that name none. Default: claude. It cannot be custom, which needs the command of a run.",
    ).optional(),
    defaultProviders: defaultProviders.optional(),
    defaultModel: model("Model of runs if neither they nor their provider name one.").optional(),
    defaultImage: image("Image of the agent container. Default: the operator's agent image.").optional(),
    defaultTimeout: duration("Time limit of a run. Default: 1h.").optional(),
    defaultResources: resources(
      "Resources of the agent container. Default: the agent's usual need.",
    ).optional(),
    defaultSetup: setup(
      "What runs before the agent in runs that have no setup themselves, nor by their workspace.",
    ).optional(),
    defaultCaches: caches("Caches of runs that name none themselves.").optional(),
    defaultVolumes: volumes(
      "Volumes of runs that have neither volumes nor volumeMounts themselves.",
    ).optional(),
    defaultVolumeMounts: volumeMounts("Where setup and the agent see them.").optional(),
    gitResources: resources(
      "Resources of all containers that run git. An amount that you leave out is the operator's default.",
    ).optional(),
    maxRunning: maxRunning("runs of the namespace").optional(),
    storageClass: nameOf("Storage class of claims. Default: the cluster's default class.").optional(),
    storageSize: storageSize("Size of the claim of a run or workspace. Default: 10Gi.").optional(),
    env: env(
      "Environment variables of every run. Those of the provider override them, and those of the run override both.",
    ).optional(),
    gitIdentity: gitIdentity.optional(),
    instructions: instructions("Instructions of every run, before its own.").optional(),
    mcpServers: mcpServers("MCP servers for all runs, except runs with the agent custom.").optional(),
    skills: skills("Skills for all runs, except runs with the agent custom.").optional(),
    trustRepositoryConfig: flag(
      "Whether agents obey configuration in the checkout: hooks, plugins, MCP servers. Default: false.",
    ).optional(),
    ...placementDefaults,
    caBundleRef: keyRef(
      "ConfigMap",
      "ConfigMap key that holds PEM certificates of private authorities, which runs and the clones of workspaces trust beside the public ones.",
    ).optional(),
    proxy: proxy.optional(),
    defaultRuntimeClassName: nameOf("Runtime class of pods, such as gvisor.").optional(),
    defaultPriorityClassName: nameOf("Priority class of pods.").optional(),
    defaultServiceAccountName: nameOf(
      "ServiceAccount of the pods, which get its token. Default: no token.",
    ).optional(),
    defaultImagePullSecrets: imagePullSecrets("Secrets to pull images with.").optional(),
    defaultPodSecurityContext: podSecurityContext(
      "Security settings of pods. A field that you leave out keeps its default.",
    ).optional(),
  },
  {
    description: "The defaults.",
    rules: [mountsOfVolumes("defaultVolumeMounts", "defaultVolumes")],
  },
);

const status = object(
  {
    observedGeneration: observedGeneration.optional(),
    active: flag("Whether this is the AgentConfig that the namespace's runs use.").optional(),
    caches: cachesInUse.optional(),
    conditions: conditions("Ready and perhaps Reconciling or Stalled").optional(),
  },
  { description: "What the operator makes of it." },
);

const DESCRIPTION =
  "Defaults of all runs and workspaces of a namespace. The one named `default` is used, else the oldest. A run's own fields override them.";

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
