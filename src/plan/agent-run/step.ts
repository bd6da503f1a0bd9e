import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { setConditions, type DesiredCondition } from "../../api/conditions.ts";
import type { Reason } from "../../api/reasons.ts";
import { isDeleting } from "../../kube/objects.ts";
import { NOTHING_TO_DO, type Plan } from "../../kube/plan.ts";
import { timeOf, timestamp } from "../../kube/time.ts";
import { hasEnded, SLOW_START_MS, type JobState } from "../jobs/job-state.ts";
import * as podState from "../jobs/pod-state.ts";
import { isTemporary } from "../jobs/refusal.ts";
import { removal } from "../jobs/removal.ts";
import { startProblemOf } from "../jobs/start-up.ts";
import { isStepsOnly } from "../place.ts";
import { type RunStep, stepJobName } from "../specs/names.ts";
import { describeChange } from "./change.ts";
import { eventsOf } from "./events.ts";
import type { ObservedRun, ObservedStep } from "./observed.ts";
import * as status from "./status.ts";

export type RunPlan = Plan<AgentRunStatus>;

/** For what comes with no watch. */
const RECHECK_MS = 30_000;

/** For the controller of a step's Job. */
const MARGIN_SECONDS = 60;

/** Whether the run's agent has succeeded and a step is still to come. */
export function isAfterAgent({ status: told }: AgentRun): boolean {
  return told?.phase === "Running" && told.agentEndedAt !== undefined;
}

/** The step that such a run is at, and its Job. */
export function stepOf({ metadata, spec, status: told }: AgentRun): { step: RunStep; jobName: string } {
  const { verdict, exitCode } = told?.verification ?? {};
  const isJudged = spec.verify === undefined || verdict !== undefined;
  const step = isJudged ? "publish" : exitCode === undefined ? "verify" : "base";
  return { step, jobName: stepJobName(metadata.name ?? "", step) };
}

/** What a step is shown as while it goes on. */
export interface StepStage {
  reason: Extract<Reason, "Verifying" | "Publishing">;
  condition: "Verified" | "Published";
  message: string;
}

/** How a run ends whose agent has succeeded. */
export interface RunEnd {
  phase: "Succeeded" | "Failed";
  reason: Reason;
  message: string;
  /** RFC 3339; absent: now. */
  at?: string;
  /** The conditions that this decides. */
  conditions: Pick<DesiredCondition, "type" | "status" | "reason" | "message">[];
  more?: Partial<AgentRunStatus>;
}

/** The status of a run that is at a step. */
export function stepStatus(
  run: AgentRun,
  { reason, condition, message }: StepStage,
  now: number,
): AgentRunStatus {
  const stage = status.enterStage(run, status.stepStage(reason, message), now);
  return withConditions(run, stage, [{ type: condition, status: "Unknown", reason, message }], now);
}

/** The status with these conditions too. */
export function withConditions(
  { metadata }: AgentRun,
  told: AgentRunStatus,
  conditions: RunEnd["conditions"],
  now: number,
): AgentRunStatus {
  const observedGeneration = metadata.generation;
  const desired = conditions.map((condition) => ({ ...condition, observedGeneration }));
  return { ...told, conditions: setConditions(told.conditions, desired, timestamp(now)) };
}

/** The status says what holds the step up, or nothing any more. */
export function hold(
  { run, now }: ObservedRun,
  stage: StepStage,
  { problem, afterMs = RECHECK_MS }: { problem?: string; afterMs?: number },
): RunPlan {
  const message = problem === undefined ? stage.message : `${stage.message}; it waits: ${problem}`;
  const isTold = run.status?.message === message;
  const next = isTold ? undefined : { ...stepStatus(run, stage, now), message };
  return { ...NOTHING_TO_DO, requeue: { afterMs }, ...(next && { status: next }) };
}

/** Why the Job of a step could not be created: for ever, or for now. */
export function refusalOf({
  refusal,
}: ObservedRun): { ends: boolean; reason: Reason; message: string } | undefined {
  if (!refusal) return undefined;
  return { ...refusal, ends: !isTemporary(refusal) && refusal.reason !== "Forbidden" };
}

export type OnItsWay =
  | { state: "failed"; reason: Reason; message: string }
  | { state: "tooLate" }
  | { state: "underWay"; problem?: string; afterMs: number };

/** How far the Job of a step is that has not ended. */
export function onItsWay(
  { step, defaults, now }: ObservedRun,
  job: JobState,
  deadlineSeconds: number,
): OnItsWay {
  const problem = startProblemOf({ ...step, defaults, now });
  if (problem?.fails?.afterMs === 0) {
    const { reason, message } = problem.fails.ending;
    return { state: "failed", reason, message };
  }
  const overdueAt = countedFrom(job, now) + (deadlineSeconds + MARGIN_SECONDS) * 1000;
  // A Job that is suspended has no deadline.
  if (now >= overdueAt && !job.suspended) return { state: "tooLate" };
  const leftMs = Math.max(1_000, overdueAt - now);
  const isAtWork = step?.pod !== undefined && !podState.noneRunning(step.pod);
  const lookMs = Math.min(problem?.fails?.afterMs ?? RECHECK_MS, problem ? RECHECK_MS : SLOW_START_MS);
  return {
    state: "underWay",
    ...(problem && { problem: `${problem.reason}: ${problem.message}` }),
    afterMs: isAtWork ? leftMs : Math.min(lookMs, leftMs),
  };
}

/** Since when a Job's deadline counts: a Job that is resumed starts anew. */
function countedFrom({ metadata, status: told }: JobState, now: number): number {
  const { startTime, conditions } = told ?? {};
  const wasSuspended = conditions?.some(({ type }) => type === "Suspended") === true;
  return timeOf(startTime ?? (wasSuspended ? undefined : metadata.creationTimestamp), now);
}

/** The Job of the step that a run is at goes, so that it is made again. */
export function again({ step }: ObservedRun): RunPlan {
  const { job } = step ?? {};
  return { ...NOTHING_TO_DO, remove: job && !isDeleting(job) ? [removal(job, "Background")] : [] };
}

export const CANCELLED =
  "the run was cancelled after its agent had succeeded; what the agent has done is kept";

export const WORKSPACE_GONE = "the workspace of the run is gone, and its work with it";

/** The end of a run whose step has failed. */
export function failedEnd(
  type: StepStage["condition"],
  { reason, message, at }: Pick<RunEnd, "reason" | "message" | "at">,
): RunEnd {
  return { phase: "Failed", reason, message, at, conditions: [{ type, status: "False", reason, message }] };
}

/** The end of the run. A step's Job that would go on is removed; any other stays, with its pod and log. */
export function endRun({ run, step = {}, now }: ObservedRun, end: RunEnd): RunPlan {
  const { phase, reason, message, conditions, more } = end;
  const completionTime = end.at ?? timestamp(now);
  const stage = status.enterStage(run, status.endedStage(phase, reason, message), now);
  const next: AgentRunStatus = {
    ...withConditions(run, stage, conditions, now),
    ...more,
    completionTime,
    duration: status.durationOf(run, completionTime),
  };
  const left = phase === "Failed" ? goesOn(step) : undefined;
  return {
    ...NOTHING_TO_DO,
    remove: left ? [removal(left, "Background")] : [],
    events: eventsOf(run, next),
    status: next,
  };
}

/** The Job, unless it ends by itself. A node reports the end of a container a second or two before the pod's. */
function goesOn({ job, pod }: ObservedStep): JobState | undefined {
  const endsItself = pod && podState.isWorkDone(pod) && !podState.isHeldOpen(pod);
  return job && !isDeleting(job) && !hasEnded(job) && !endsItself ? job : undefined;
}

/** What the run's agent has done, for people. */
export function didOf({ spec, status: told }: AgentRun): string {
  const git = told?.result?.git;
  if (isStepsOnly(spec)) return `the work of AgentRun ${told?.continued?.run} is taken as it is`;
  return git ? describeChange(git) : "the agent did its task";
}
