import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import type { PersistentVolumeClaim, Pod, ResourceRequirements } from "../../kube/builtin.ts";
import type { JobState } from "./job-state.ts";

/** What the operator's flags decide for runs that say nothing themselves. */
export interface OperatorDefaults {
  gitImage: string;
  agentImage: string;
  /** What git containers ask for where the AgentConfig does not say. */
  gitResources?: ResourceRequirements;
  /** How long an image may fail to be pulled before its run fails. */
  imagePullTimeoutSeconds: number;
}

/** The objects that a run's references name, as far as they exist. */
export interface References {
  config?: AgentConfig;
  provider?: AgentProvider;
  workspace?: AgentWorkspace;
  /** Key names of every Secret that the run needs; undefined where the Secret does not exist. */
  secrets: ReadonlyMap<string, readonly string[] | undefined>;
  /** The AgentRuns that name the same workspace, this one too. */
  workspaceRuns?: readonly AgentRun[];
}

/**
 * The API server's "no" to a child: its name is in other hands, for ever or until a predecessor's is gone; a quota or
 * permission stands against it; it is invalid; or the server or one of its webhooks is out of order.
 */
export interface Refusal {
  reason: "NameTaken" | "WaitingForDeletion" | "Forbidden" | "PodRefused" | "CreationFailed";
  message: string;
}

/** Whether a refusal is over by itself. */
export function isTemporary({ reason }: Refusal): boolean {
  return reason === "WaitingForDeletion" || reason === "CreationFailed";
}

/** For how long a refusal is waited out before the child is tried again; undefined: for ever. */
export function retryOf({ reason }: Refusal): { afterMs: number } | undefined {
  if (reason === "WaitingForDeletion") return { afterMs: DELETION_MS };
  return reason === "NameTaken" || reason === "PodRefused" ? undefined : { afterMs: RECHECK_MS };
}

/** The garbage collector takes seconds. */
const DELETION_MS = 2_000;
/** For what comes with no watch, such as room in a quota. */
const RECHECK_MS = 30_000;

/** What is known about the removal of a run's worktree; gathered only where that may be due. */
export interface ObservedCleanup {
  workspace?: AgentWorkspace;
  config?: AgentConfig;
  /** The Job `<run>-cleanup` of this workspace, also one that was made for an earlier run of this name. */
  job?: JobState;
  /** The newest pod of that Job. */
  pod?: Pod;
}

/** What is known about a run when it is planned. Complete: the plan asks for nothing more. */
export interface ObservedRun {
  run: AgentRun;
  references: References;
  defaults: OperatorDefaults;
  /** The run's own Job, never one of the same name that somebody else made; its status where only that can tell. */
  job?: JobState;
  /** The newest pod of that Job. */
  pod?: Pod;
  claim?: PersistentVolumeClaim;
  /** The newest Warning event of the pod or its claim, asked for once the pod is slow to start; of the Job, where its pod is late. */
  warning?: string;
  /** The end of the agent's log, read once the agent has ended; `missing` says why there is none. */
  output?: { tail: string } | { missing: string };
  /** Where the run's worktree is to be removed. */
  cleanup?: ObservedCleanup;
  /** Why a child could not be created a moment ago, where it could not. */
  refusal?: Refusal;
  /** Milliseconds since the epoch. */
  now: number;
}
