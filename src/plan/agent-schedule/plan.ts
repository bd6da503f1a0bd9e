import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentSchedule, AgentScheduleStatus } from "../../api/agent-schedule.ts";
import { setConditions, setProgress } from "../../api/conditions.ts";
import { ANNOTATION_SCHEDULED_AT } from "../../api/labels.ts";
import type { Reason } from "../../api/reasons.ts";
import { agentRuns } from "../../api/resources.ts";
import { isDeleting } from "../../kube/objects.ts";
import {
  NOTHING_TO_DO,
  type Child,
  type ChildPatch,
  type EventIntent,
  type Plan,
  type Removal,
} from "../../kube/plan.ts";
import { timeOf, timestamp } from "../../kube/time.ts";
import { cancellation } from "../agent-run/concurrency.ts";
import { isFinished } from "../agent-run/status.ts";
import { retryOf } from "../jobs/refusal.ts";
import { cronTimes, type CronTimes } from "./cron.ts";
import { dueTime, missedTime } from "./due.ts";
import type { ObservedSchedule } from "./observed.ts";
import { runAt } from "./run.ts";

export type SchedulePlan = Plan<AgentScheduleStatus>;

/** A clock that is set forward is noticed after so long, whatever timers say. */
const LONGEST_WAIT_MS = 60_000;
/** So that a timer that is a little early does not have to come again. */
const LATE_MS = 100;
const MAX_LISTED = 100;
const MANY_MISSED = 100;
const KEPT = { Succeeded: 3, Failed: 1 } as const;

/** What the schedule does now, and what its condition Ready says of that. */
interface Step {
  create?: Child[];
  patches?: ChildPatch[];
  events?: EventIntent[];
  ready: { status: "True" | "False"; reason: Reason; message: string };
  started?: { at: number; run: AgentRun };
}

/** What should be done about a schedule; the same decisions in the same order as Kubernetes' CronJob controller. */
export function planSchedule(observed: ObservedSchedule): SchedulePlan {
  const { schedule, now } = observed;
  if (isDeleting(schedule)) return NOTHING_TO_DO;
  const times = timesOf(schedule);
  const step = "ready" in times ? times : stepOf(observed, times);
  const next = "ready" in times || schedule.spec.suspend ? undefined : times.next(now);
  const waitMs = next === undefined ? undefined : Math.min(LONGEST_WAIT_MS, next - now + LATE_MS);
  const retry = observed.refusal && retryOf(observed.refusal);
  return {
    create: step.create ?? [],
    patches: step.patches ?? [],
    remove: outlived(observed),
    events: [...(step.events ?? []), ...eventsOf(schedule, step)],
    status: statusOf(observed, step, next),
    requeue: retry ?? (waitMs === undefined ? "onChange" : { afterMs: waitMs }),
  };
}

function timesOf({ spec }: AgentSchedule): CronTimes | Step {
  const zone = spec.timeZone ?? "UTC";
  try {
    return cronTimes(spec.schedule, zone);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isZone = error instanceof RangeError;
    const reason = isZone ? "UnknownTimeZone" : "InvalidSchedule";
    return {
      ready: { status: "False", reason, message: isZone ? `there is no time zone ${zone}` : message },
    };
  }
}

function stepOf(observed: ObservedSchedule, times: CronTimes): Step {
  const { schedule, runs, refusal, now } = observed;
  const { spec } = schedule;
  if (spec.suspend) return { ready: notReady("Suspended", "suspend is true: no further runs start") };
  if (refusal) return { ready: notReady(refusal.reason, refusal.message) };
  const due = dueTime(schedule, times, now);
  if (!due) return { ready: readyAfter(missedTime(schedule, times, now), spec.startingDeadlineSeconds) };
  const active = activeOf(runs);
  const [earlier] = active;
  if (earlier && spec.concurrencyPolicy === "Forbid") {
    const message = `the run of ${timestamp(due.at)} waits for the end of ${earlier.metadata.name}`;
    return { ready: { status: "True", reason: "RunActive", message } };
  }
  const run = runAt(schedule, due.at);
  // It was made before, and the status that says so was lost.
  if (has(runs, run)) return { ready: READY, started: { at: due.at, run } };
  return {
    create: [{ type: agentRuns, object: run }],
    patches: spec.concurrencyPolicy === "Replace" ? active.flatMap(cancellation) : [],
    events: [created(run), ...(due.missed > MANY_MISSED ? [tooMany(due.missed)] : [])],
    ready: READY,
    started: { at: due.at, run },
  };
}

const READY = { status: "True", reason: "Scheduling", message: "runs start at their times" } as const;

function notReady(reason: Reason, message: string): Step["ready"] {
  return { status: "False", reason, message };
}

function readyAfter(missed: number | undefined, deadlineSeconds = 0): Step["ready"] {
  if (missed === undefined) return READY;
  const message = `the run of ${timestamp(missed)} could not start within ${deadlineSeconds} s (startingDeadlineSeconds)`;
  return { status: "True", reason: "MissedSchedule", message };
}

function has(runs: readonly AgentRun[], { metadata }: AgentRun): boolean {
  return runs.some((each) => each.metadata.name === metadata.name);
}

/** Those that a user has started from the schedule hold up no others. */
function activeOf(runs: readonly AgentRun[]): AgentRun[] {
  return runs
    .filter((run) => !isFinished(run) && run.metadata.annotations?.[ANNOTATION_SCHEDULED_AT] !== undefined)
    .toSorted((a, b) => startedAt(a) - startedAt(b));
}

function startedAt({ metadata }: AgentRun): number {
  return timeOf(metadata.creationTimestamp, Number.POSITIVE_INFINITY);
}

/** The ended runs beyond the limits, the oldest. */
function outlived({ schedule, runs }: ObservedSchedule): Removal[] {
  const { successfulRunsHistoryLimit, failedRunsHistoryLimit } = schedule.spec;
  const ended = runs.filter(isFinished).toSorted((a, b) => startedAt(b) - startedAt(a));
  const succeeded = ended.filter(({ status }) => status?.phase === "Succeeded");
  const failed = ended.filter((run) => !succeeded.includes(run));
  return [
    ...succeeded.slice(successfulRunsHistoryLimit ?? KEPT.Succeeded),
    ...failed.slice(failedRunsHistoryLimit ?? KEPT.Failed),
  ]
    .filter((run) => !isDeleting(run))
    .map(({ metadata: { namespace = "", name = "", uid = "" } }) => ({
      type: agentRuns,
      namespace,
      name,
      uid,
      propagationPolicy: "Background",
    }));
}

function created({ metadata }: AgentRun): EventIntent {
  const note = `AgentRun ${metadata.name} is created`;
  return { type: "Normal", reason: "RunCreated", action: "Start", note };
}

function tooMany(missed: number): EventIntent {
  const note = `about ${missed} times were missed; the newest is made up for. Is the clock right, and the operator at work?`;
  return { type: "Warning", reason: "TooManyMissedTimes", action: "Start", note };
}

/** One for each change of the condition that is worth a word. */
function eventsOf({ status }: AgentSchedule, { ready }: Step): EventIntent[] {
  const before = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready.reason === "Scheduling" || ready.reason === "Suspended") return [];
  if (before?.reason === ready.reason && before.message === ready.message) return [];
  return [{ type: "Warning", reason: ready.reason, action: "Start", note: ready.message }];
}

function statusOf(
  { schedule, runs, now }: ObservedSchedule,
  { ready, started }: Step,
  next: number | undefined,
): AgentScheduleStatus {
  const observedGeneration = schedule.metadata.generation;
  const { status } = schedule;
  const begun = activeOf(runs).map(({ metadata: { name = "", uid } }) => ({ name, uid }));
  const begins = started && !has(runs, started.run);
  const active = begins ? [...begun, { name: started.run.metadata.name ?? "" }] : begun;
  const conditions = setConditions(
    status?.conditions,
    [{ type: "Ready", ...ready, observedGeneration }],
    timestamp(now),
  );
  const told = { reason: ready.reason, message: ready.message, observedGeneration };
  const isStalled = ready.status === "False" && ready.reason !== "Suspended";
  return {
    observedGeneration,
    active: active.length === 0 ? undefined : active.slice(0, MAX_LISTED),
    activeCount: active.length,
    lastScheduleTime: started ? timestamp(started.at) : status?.lastScheduleTime,
    nextScheduleTime: next === undefined ? undefined : timestamp(next),
    lastSuccessfulTime: lastSuccess(runs, status?.lastSuccessfulTime),
    conditions: setProgress(conditions, isStalled ? "Stalled" : undefined, told, timestamp(now)),
  };
}

function lastSuccess(runs: readonly AgentRun[], known: string | undefined): string | undefined {
  const times = runs
    .filter(({ status }) => status?.phase === "Succeeded")
    .flatMap(({ status }) => status?.completionTime ?? []);
  return [...times, ...(known === undefined ? [] : [known])]
    .toSorted((a, b) => timeOf(a, 0) - timeOf(b, 0))
    .at(-1);
}
