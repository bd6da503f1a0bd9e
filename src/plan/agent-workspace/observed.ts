import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import type { PersistentVolumeClaim, Pod } from "../../kube/builtin.ts";
import type { JobState } from "../jobs/job-state.ts";
import type { OperatorDefaults } from "../defaults.ts";
import type { Refusal } from "../jobs/refusal.ts";

/** What is known about a workspace when it is planned. */
export interface ObservedWorkspace {
  workspace: AgentWorkspace;
  config?: AgentConfig;
  /** The Secret of the repository's credentials, if one is named and exists. */
  credentials?: { keys: readonly string[]; resourceVersion: string };
  defaults: OperatorDefaults;
  /** Its own claims, by name. */
  claims: ReadonlyMap<string, PersistentVolumeClaim>;
  /** Its own init Job. */
  job?: JobState;
  /** The newest pod of that Job. */
  pod?: Pod;
  /** The newest Warning event of the pod or the claim, asked for once the pod is slow to start; of the Job, if its pod is late. */
  warning?: string;
  /** The AgentRuns that name it. */
  runs: readonly AgentRun[];
  /** The Jobs that remove or have removed worktrees of its runs, each with its newest pod. */
  cleanups: readonly { job: JobState; pod?: Pod }[];
  refusal?: Refusal;
  /** Milliseconds since the epoch. */
  now: number;
}
