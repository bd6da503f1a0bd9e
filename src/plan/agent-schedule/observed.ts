import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentSchedule } from "../../api/agent-schedule.ts";
import type { Refusal } from "../jobs/refusal.ts";

/** What is known about a schedule when it is planned. */
export interface ObservedSchedule {
  schedule: AgentSchedule;
  /** The runs that it controls, those too that a user has started from it. */
  runs: readonly AgentRun[];
  /** Why a run could not be created a moment ago, if it could not. */
  refusal?: Refusal;
  /** Milliseconds since the epoch. */
  now: number;
}
