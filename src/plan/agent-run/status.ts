import type { AgentRun, AgentRunPhase, AgentRunStatus } from "../../api/agent-run.ts";
import { setConditions, setProgress, type DesiredCondition, type Progress } from "../../api/conditions.ts";
import type { Reason } from "../../api/reasons.ts";
import { formatDuration } from "../../kube/duration.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { timestamp } from "../../kube/time.ts";
import { factsOf } from "../specs/facts.ts";

const TERMINAL: ReadonlySet<AgentRunPhase> = new Set(["Succeeded", "Failed", "TimedOut"]);

/** Whether the run has ended, whatever became of it. */
export function isFinished(run: AgentRun): boolean {
  return TERMINAL.has(run.status?.phase ?? "Pending");
}

export interface Stage {
  phase: AgentRunPhase;
  reason: Reason;
  message: string;
  conditions: Pick<DesiredCondition, "type" | "status" | "reason" | "message">[];
}

/** The status of a run brought to a stage; what it already says of other things stays. */
export function enterStage(run: AgentRun, stage: Stage, now: number): AgentRunStatus {
  const { phase, reason, message } = stage;
  const observedGeneration = run.metadata.generation;
  const desired = stage.conditions.map((condition) => ({ ...condition, observedGeneration }));
  const conditions = setConditions(run.status?.conditions, [...desired, ...finished(stage)], timestamp(now));
  return {
    ...run.status,
    phase,
    reason,
    message,
    observedGeneration,
    conditions: setProgress(conditions, progressOf(phase), toldBy(stage), timestamp(now)),
  };
}

/** While a run goes on, its status is written again and again, and its message is beside the condition anyway. */
function toldBy({ phase, reason, message }: Stage): Pick<DesiredCondition, "reason" | "message"> {
  return { reason, message: TERMINAL.has(phase) ? message : "" };
}

/** What a wait for any end can be for. Absent until then: each write of the status is read by every watch. */
function finished({ phase, reason }: Stage): DesiredCondition[] {
  if (!TERMINAL.has(phase)) return [];
  return [{ type: "Finished", status: "True", reason, message: `the run has ended: ${phase}` }];
}

function progressOf(phase: AgentRunPhase): Progress | undefined {
  if (!TERMINAL.has(phase)) return "Reconciling";
  return phase === "Succeeded" ? undefined : "Stalled";
}

/** Waits for something that can still appear. */
export function waitingStage(reason: Reason, message: string): Stage {
  return {
    phase: "Pending",
    reason,
    message,
    conditions: [
      { type: "Resolved", status: "False", reason, message },
      { type: "Initialized", status: "Unknown", reason, message },
      { type: "Succeeded", status: "Unknown", reason, message },
    ],
  };
}

/** All is there but its turn: `message` shows what it waits for. */
export function queuedStage(message: string): Stage {
  const reason: Reason = "Queued";
  return {
    phase: "Pending",
    reason,
    message,
    conditions: [
      RESOLVED,
      { type: "Initialized", status: "Unknown", reason, message },
      { type: "Succeeded", status: "Unknown", reason, message },
    ],
  };
}

/** The Job exists; `reason` and `message` show how far its pod is, or what holds it up. */
export function initializingStage(reason: Reason, message: string): Stage {
  return {
    phase: "Initializing",
    reason,
    message,
    conditions: [
      RESOLVED,
      { type: "Initialized", status: "False", reason, message },
      { type: "Succeeded", status: "Unknown", reason, message },
    ],
  };
}

/** `problem` says why the agent's model does not answer, if it does not. */
export function runningStage(problem?: string): Stage {
  const reason: Reason = problem === undefined ? "AgentRunning" : "ModelRetry";
  const message =
    problem === undefined
      ? "the agent is at work"
      : `the model does not answer (${problem}); the agent asks it again`;
  return {
    phase: "Running",
    reason,
    message,
    conditions: [
      RESOLVED,
      {
        type: "Initialized",
        status: "True",
        reason: "Initialized",
        message: "the repository is checked out",
      },
      { type: "Succeeded", status: "Unknown", reason, message },
    ],
  };
}

/** The agent has succeeded, and its work is being verified or published. */
export function stepStage(reason: Reason, message: string): Stage {
  return {
    phase: "Running",
    reason,
    message,
    conditions: [{ type: "Succeeded", status: "Unknown", reason, message }],
  };
}

/** The run is over. `Resolved` and `Initialized` stay as they were, so that they show how far it came. */
export function endedStage(phase: AgentRunPhase, reason: Reason, message: string): Stage {
  const status = phase === "Succeeded" ? "True" : "False";
  return { phase, reason, message, conditions: [{ type: "Succeeded", status, reason, message }] };
}

const RESOLVED = {
  type: "Resolved",
  status: "True",
  reason: "Resolved",
  message: "all references are found and all defaults applied",
} as const;

/** Of the whole run, its attempts and waits for a node included; undefined if it had no Job. */
export function durationOf({ status }: AgentRun, completionTime: string): string | undefined {
  const startTime = status?.startTime;
  if (startTime === undefined) return undefined;
  const seconds = Math.round((Date.parse(completionTime) - Date.parse(startTime)) / 1_000);
  return formatDuration(Math.max(0, seconds));
}

/** What status shows of a run's Job, from its metadata. */
export function jobStatus(job: KubeObject, now: number): Partial<AgentRunStatus> {
  const { credential: _, ...facts } = factsOf(job);
  return {
    ...facts,
    jobName: job.metadata.name,
    startTime: job.metadata.creationTimestamp ?? timestamp(now),
  };
}
