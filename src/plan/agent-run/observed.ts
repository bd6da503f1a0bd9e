import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import type { ConfigMap, PersistentVolumeClaim, Pod } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { OperatorDefaults } from "../defaults.ts";
import type { JobState } from "../jobs/job-state.ts";
import type { Refusal } from "../jobs/refusal.ts";
import type { Places } from "../places.ts";

/** The objects that a run's references name, as far as they exist. */
export interface References {
  config?: AgentConfig;
  provider?: AgentProvider;
  workspace?: AgentWorkspace;
  /** Key names of every Secret that the run needs; undefined if the Secret does not exist. */
  secrets: ReadonlyMap<string, readonly string[] | undefined>;
  /** Whether claims that the run names are the operator's own, as far as they exist; looked up until it has a Job. */
  claims?: ReadonlyMap<string, "own" | "users">;
  /** The release of the cluster, if the run asks for what not every one has. */
  kubernetes?: { major: number; minor: number };
  /** The AgentRuns that name the same workspace, this one too. */
  workspaceRuns?: readonly AgentRun[];
  /** The runs that the run depends on, by name, as far as they exist. */
  dependsOn?: ReadonlyMap<string, AgentRun>;
  /** The way by what each run depends on back to this one, if there is one. */
  cycle?: readonly string[];
}

/** What is known about the run that a run continues; gathered only until that one has started. */
export interface ObservedContinuation {
  /** The run that it names, if it exists. */
  run?: AgentRun;
  /** The workspace of that run, if it has one. */
  workspace?: AgentWorkspace;
  /** The claim with the work of a standalone run, as it is now. */
  claim?: KubeObject;
  /** The name of a pod that still works in the checkout. */
  busyPod?: string;
}

/** What is known about the removal of a run's worktree; gathered only if that may be due. */
export interface ObservedCleanup {
  workspace?: AgentWorkspace;
  config?: AgentConfig;
  /** The Job `<run>-cleanup` of this workspace, also one that was made for an earlier run of this name. */
  job?: JobState;
  /** The newest pod of that Job. */
  pod?: Pod;
  /** Another run that works, or has worked, in the same worktree. */
  sharedWith?: AgentRun;
  /** The run's own Jobs that read its worktree after its agent. */
  steps?: readonly JobState[];
}

/** What is known about the Job that follows a run's agent; gathered only once that has succeeded. */
export interface ObservedStep {
  /** The runs that work, or have worked, in the same checkout. */
  runsOfPlace?: readonly AgentRun[];
  /** The run's own Job of the step that it is at. */
  job?: JobState;
  /** The newest pod of that Job. */
  pod?: Pod;
  claim?: PersistentVolumeClaim;
  warning?: string;
  /** The end of the log of a verification that has ended, if it can be had. */
  output?: string;
}

/** What is known about a run when it is planned. Complete: the plan asks for nothing more. */
export interface ObservedRun {
  run: AgentRun;
  references: References;
  defaults: OperatorDefaults;
  /** The run's own Job, never one of the same name that somebody else made; its status if only that can show. */
  job?: JobState;
  /** The newest pod of that Job. */
  pod?: Pod;
  claim?: PersistentVolumeClaim;
  /** The newest Warning event of the pod or its claim, asked for once the pod is slow to start; of the Job, if its pod is late. */
  warning?: string;
  /** The end of the agent's log, read once the agent has ended; `missing` says why there is none. */
  output?: { tail: string } | { missing: string };
  /** The newest lines of its log while it is at work, if a look was due. */
  recent?: string;
  /** Where the run continues another one. */
  continuation?: ObservedContinuation;
  /** Where the run's work is to be published. */
  step?: ObservedStep;
  /** Where the run's worktree is to be removed. */
  cleanup?: ObservedCleanup;
  /** Who has a place in its namespace and who waits for one; absent if nothing there has a maxRunning. */
  places?: Places;
  /** The runs of its trigger, this one too; only until it has started, and only if they can hold it up. */
  siblings?: readonly AgentRun[];
  /** The ConfigMap with the last starts of its trigger's runs, if these are counted and it exists. */
  starts?: ConfigMap | undefined;
  /** Why a child could not be created a moment ago, if it could not. */
  refusal?: Refusal;
  /** Milliseconds since the epoch. */
  now: number;
}
