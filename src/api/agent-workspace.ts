import type { z } from "zod";
import type { KubeObject } from "../kube/objects.ts";
import {
  conditions,
  nameOf,
  observedGeneration,
  storageSize,
  storageSizeOfItem,
  UNSEEN,
} from "./fields/common.ts";
import { workspaceRepository } from "./fields/git.ts";
import { setup } from "./fields/setup.ts";
import { agentWorkspaceRules, agentWorkspaceSpecRules } from "./rules/agent-workspace.ts";
import { mountPath, volumeName, volumesApart } from "./rules/mounts.ts";
import { workspaceName } from "./rules/names.ts";
import { choice, flag, integer, list, object, text, timestamp } from "./schema/fields.ts";
import { AGE_COLUMN, type KindDefinition } from "./schema/kind.ts";

const sharedVolume = object(
  {
    name: text({
      description: "Name of the volume; its claim is named <workspace>-<name>.",
      maxLength: 61,
      rules: volumeName,
    }),
    mountPath: text({
      description: "Where the containers of agents see it, such as /root/.claude.",
      maxLength: 255,
      rules: mountPath,
    }),
    storageSize: storageSizeOfItem("Size of its claim. Default: 1Gi.").optional(),
  },
  { description: "A volume that the agents of the workspace share." },
);

const spec = object(
  {
    repository: workspaceRepository,
    storageClass: nameOf(
      "Storage class of the claims. It must support the access mode. Default: the AgentConfig's, else the cluster's. Cannot be changed.",
    ).optional(),
    storageSize: storageSize(
      "Size of the checkout's claim. Default: the AgentConfig's, else 10Gi. Cannot be changed.",
    ).optional(),
    accessMode: choice(
      ["ReadWriteMany", "ReadWriteOnce"],
      "Access mode of the claims. ReadWriteOnce keeps all pods of the workspace on one node. Cannot be changed.",
    ).default("ReadWriteMany"),
    setup: setup(
      "What runs before the agent in the worktree of each run that has no setup itself. Shared volumes are not there. Default: the AgentConfig's defaultSetup.",
    ).optional(),
    sharedVolumes: list(sharedVolume, {
      description:
        "Volumes for configuration and state that agents share. You can add volumes, but not change or remove them.",
      maxItems: 16,
      type: "map",
      keys: ["name"],
      rules: [volumesApart],
    }).optional(),
  },
  { description: "The checkout and what comes with it.", rules: agentWorkspaceSpecRules },
);

const worktree = object(
  {
    run: text({ description: "Name of the AgentRun that it was made for.", maxLength: 63 }),
    path: text({ description: "Path in the agents' containers.", maxLength: 255 }),
    branch: text({ description: "Branch that it is on.", maxLength: 255 }).optional(),
    head: text({ description: "Commit that it is on.", maxLength: 64 }).optional(),
    exists: flag("Whether the AgentRun still exists.").optional(),
    observedAt: timestamp("When this was seen."),
  },
  { description: "A worktree, as the run that used it last reported it." },
);

/** Phases of an AgentWorkspace. */
export const WORKSPACE_PHASES = ["Pending", "Initializing", "Ready", "Failed"] as const;

const status = object(
  {
    phase: choice(WORKSPACE_PHASES, "Where the workspace is in its life."),
    reason: text({
      description: "Why it is in that phase, as one word; the reference lists them.",
      maxLength: 253,
    }).optional(),
    message: text({ description: "The same for people, and what to do next.", maxLength: 32768 }).optional(),
    observedGeneration: observedGeneration.optional(),
    lastFetch: timestamp("When the checkout last fetched from its remote.").optional(),
    retryObserved: text({
      description: "Last value of the annotation agent.xonovex.com/retry that the operator acted on.",
      maxLength: 253,
    }).optional(),
    worktrees: list(worktree, {
      description: "The known worktrees of the checkout.",
      maxItems: 1000,
      type: "map",
      keys: ["run"],
    }).optional(),
    worktreeCount: integer({
      description: "Number of known worktrees.",
      minimum: 0,
      format: "int32",
    }).optional(),
    runningRuns: integer({
      description: "Number of runs that are at work in the workspace.",
      minimum: 0,
      format: "int32",
    }).optional(),
    conditions: conditions(
      "Ready, Isolated (always False: its agents share one repository) and perhaps Reconciling or Stalled",
    ).optional(),
  },
  { description: "What the operator has seen of the workspace." },
);

const DESCRIPTION =
  "A git checkout and volumes that many runs share. Each run has its own worktree. Runs name the workspace in workspaceRef.";

const schema = object(
  { spec, status: status.default({ phase: "Pending", observedGeneration: UNSEEN }) },
  { description: DESCRIPTION },
);

export type AgentWorkspaceSpec = z.input<typeof spec>;
export type AgentWorkspaceStatus = z.input<typeof status>;
export type AgentWorkspacePhase = AgentWorkspaceStatus["phase"];
export interface AgentWorkspace extends KubeObject {
  spec: AgentWorkspaceSpec;
  status?: AgentWorkspaceStatus;
}

export const agentWorkspaceKind: KindDefinition = {
  kind: "AgentWorkspace",
  plural: "agentworkspaces",
  singular: "agentworkspace",
  shortNames: ["awork"],
  description: DESCRIPTION,
  schema,
  rules: [workspaceName, ...agentWorkspaceRules],
  columns: [
    {
      name: "Phase",
      type: "string",
      jsonPath: ".status.phase",
      description: "Where the workspace is in its life",
    },
    AGE_COLUMN,
    {
      name: "Reason",
      type: "string",
      jsonPath: ".status.reason",
      description: "Why it is there",
      wide: true,
    },
    {
      name: "Worktrees",
      type: "integer",
      jsonPath: ".status.worktreeCount",
      description: "How many worktrees it has",
      wide: true,
    },
    {
      name: "Running",
      type: "integer",
      jsonPath: ".status.runningRuns",
      description: "How many runs are at work in it",
      wide: true,
    },
    {
      name: "Repository",
      type: "string",
      jsonPath: ".spec.repository.url",
      description: "What it is a checkout of",
      wide: true,
    },
  ],
};
