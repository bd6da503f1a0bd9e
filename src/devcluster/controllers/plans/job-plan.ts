import type { Job, JobCondition, Pod } from "../../../kube/builtin.ts";
import { notSupported, type EventDetails } from "../../core-events.ts";
import {
  countPods,
  isTracked,
  sortPods,
  withCounts,
  type Count,
  type JobStatus,
  type SortedPods,
} from "./job-counts.ts";
import { backoffLeftMs } from "./job-failures.ts";
import { isManagedElsewhere, unsupportedJobParts } from "./job-scope.ts";

/** One pass over a Job, to be carried out in the order of the fields. */
export interface JobPlan {
  status: JobStatus;
  /** Pods that are to be removed without being counted: their finalizer goes first. */
  forget: Pod[];
  /** Pods whose tracking finalizer is to be removed, once the status is written. */
  release: Pod[];
  remove: Pod[];
  /** How many pods to create. */
  create: number;
  events: EventDetails[];
  /** When time alone may change the plan. */
  requeueMs: number | undefined;
}

interface Ending {
  type: "Complete" | "Failed";
  reason: string;
  message: string;
}

const COMPLETED = { reason: "CompletionsReached", message: "Reached expected number of succeeded pods" };

function conditionTrue(status: JobStatus, type: string): JobCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type && condition.status === "True");
}

/** Whether the Job has ended, one way or the other. */
export function isJobFinished(job: Job): boolean {
  const status = job.status ?? {};
  return conditionTrue(status, "Complete") !== undefined || conditionTrue(status, "Failed") !== undefined;
}

function withCondition(
  status: JobStatus,
  type: string,
  value: "True" | "False",
  why: { reason: string; message: string },
  now: string,
): JobStatus {
  const conditions = status.conditions ?? [];
  const known = conditions.find((condition) => condition.type === type);
  if (known?.status === value) return status;
  const condition = { type, status: value, lastProbeTime: now, lastTransitionTime: now, ...why };
  return { ...status, conditions: [...conditions.filter((other) => other !== known), condition] };
}

function restartsExceedLimit(job: Job, active: readonly Pod[]): boolean {
  if (job.spec.template.spec.restartPolicy !== "OnFailure") return false;
  const restarts = active
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  const limit = job.spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function deadlineLeftMs(job: Job, startTime: string | undefined, nowMs: number): number | undefined {
  const seconds = job.spec.activeDeadlineSeconds;
  if (seconds === undefined || startTime === undefined || job.spec.suspend) return undefined;
  return Date.parse(startTime) + seconds * 1000 - nowMs;
}

/** Why the Job is to end, decided once: what an earlier pass has announced stays. */
function endingOf(
  job: Job,
  status: JobStatus,
  sorted: SortedPods,
  count: Count,
  deadlineMs: number | undefined,
): Ending | undefined {
  const target = conditionTrue(status, "FailureTarget");
  if (target !== undefined)
    return { type: "Failed", reason: target.reason ?? "", message: target.message ?? "" };
  if (conditionTrue(status, "SuccessCriteriaMet") !== undefined) return { type: "Complete", ...COMPLETED };
  if (count.verdictMessage !== undefined) {
    return { type: "Failed", reason: "PodFailurePolicy", message: count.verdictMessage };
  }
  const failed = count.failed + count.uncounted.failed.length;
  if (failed > (job.spec.backoffLimit ?? 6) || restartsExceedLimit(job, sorted.active)) {
    return {
      type: "Failed",
      reason: "BackoffLimitExceeded",
      message: "Job has reached the specified backoff limit",
    };
  }
  if (deadlineMs !== undefined && deadlineMs <= 0) {
    return {
      type: "Failed",
      reason: "DeadlineExceeded",
      message: "Job was active longer than specified deadline",
    };
  }
  const succeeded = count.succeeded + count.uncounted.succeeded.length;
  const { completions } = job.spec;
  const isComplete =
    completions === undefined ? succeeded > 0 && sorted.active.length === 0 : succeeded >= completions;
  return isComplete ? { type: "Complete", ...COMPLETED } : undefined;
}

function wantedActive(job: Job, succeeded: number): number {
  const { parallelism = 1, completions } = job.spec;
  if (job.spec.suspend) return 0;
  if (completions === undefined) return succeeded > 0 ? 0 : parallelism;
  return Math.min(parallelism, Math.max(0, completions - succeeded));
}

function suspension(
  job: Job,
  status: JobStatus,
  now: string,
): { status: JobStatus; events: JobPlan["events"] } {
  const isSuspended = conditionTrue(status, "Suspended") !== undefined;
  if (job.spec.suspend && !isSuspended) {
    const why = { reason: "JobSuspended", message: "Job suspended" };
    const { startTime: _, ...rest } = status;
    return {
      status: withCondition(rest, "Suspended", "True", why, now),
      events: [{ type: "Normal", reason: "Suspended", message: "Job suspended" }],
    };
  }
  if (!job.spec.suspend && isSuspended) {
    const why = { reason: "JobResumed", message: "Job resumed" };
    return {
      status: { ...withCondition(status, "Suspended", "False", why, now), startTime: now },
      events: [{ type: "Normal", reason: "Resumed", message: "Job resumed" }],
    };
  }
  return {
    status: job.spec.suspend || status.startTime ? status : { ...status, startTime: now },
    events: [],
  };
}

function finish(
  status: JobStatus,
  ending: Ending,
  now: string,
): { status: JobStatus; event: JobPlan["events"][number] } {
  const done = withCondition(status, ending.type, "True", ending, now);
  const { reason, message } = ending;
  const why = { ...done.conditions?.at(-1), type: ending.type, reason, message, status: "True" as const };
  const conditions = [...(done.conditions ?? []).slice(0, -1), why];
  return ending.type === "Complete"
    ? {
        status: { ...done, conditions, completionTime: now },
        event: { type: "Normal", reason: "Completed", message: "Job completed" },
      }
    : { status: { ...done, conditions }, event: { type: "Warning", reason, message } };
}

/** The plan of a Job that ends: what is still active is removed, and counted as failed at once. */
function endPods(job: Job, pods: readonly Pod[], sorted: SortedPods, plan: JobPlan): JobPlan {
  const { active } = sorted;
  if (active.length === 0) return plan;
  const ended: SortedPods = {
    ...sorted,
    active: [],
    terminating: [...sorted.terminating, ...active],
    failed: [...sorted.failed, ...active],
  };
  const count = countPods(job, pods, ended);
  return { ...plan, status: withCounts(plan.status, ended, count), release: count.release, remove: active };
}

/** What is to be done for a Job now, given its pods. Pure: a second pass over the outcome asks for nothing. */
export function planJob(job: Job, pods: readonly Pod[], now: Date): JobPlan {
  const stamp = now.toISOString().replace(/\.\d+Z$/, "Z");
  const sorted = sortPods(job, pods);
  const idle: JobPlan = {
    status: job.status ?? {},
    forget: [],
    release: [],
    remove: [],
    create: 0,
    events: [],
    requeueMs: undefined,
  };
  if (isManagedElsewhere(job)) return idle;
  if (isJobFinished(job) || job.metadata.deletionTimestamp !== undefined) {
    const remove = isJobFinished(job) ? sorted.active : [];
    const { uncountedTerminatedPods: uncounted = {} } = idle.status;
    const { succeeded = 0, failed = 0 } = idle.status;
    const count = { succeeded, failed, uncounted: { succeeded: [], failed: [], ...uncounted } };
    const status = isJobFinished(job) ? idle.status : withCounts(idle.status, sorted, count);
    return { ...idle, status, remove, release: pods.filter(isTracked) };
  }
  const { status: begun, events } = suspension(job, job.status ?? {}, stamp);
  if (begun.startTime !== job.status?.startTime) events.push(...unsupportedJobParts(job).map(notSupported));
  const count = countPods(job, pods, sorted);
  const deadlineMs = deadlineLeftMs(job, begun.startTime, now.getTime());
  const ending = endingOf(job, begun, sorted, count, deadlineMs);
  let status = withCounts(begun, sorted, count);
  if (ending !== undefined) {
    const announced = ending.type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    const { reason, message } = ending;
    status = withCondition(status, announced, "True", { reason, message }, stamp);
    const isSettled =
      sorted.active.length + sorted.terminating.length + count.release.length === 0 &&
      count.uncounted.succeeded.length + count.uncounted.failed.length === 0;
    if (!isSettled) return endPods(job, pods, sorted, { ...idle, status, release: count.release, events });
    const finished = finish(status, { type: ending.type, reason, message }, stamp);
    return { ...idle, status: finished.status, events: [...events, finished.event] };
  }
  const replaced = job.spec.podReplacementPolicy === "Failed" ? sorted.terminating.length : 0;
  const wanted = wantedActive(job, count.succeeded + count.uncounted.succeeded.length);
  const missing = wanted - sorted.active.length - replaced;
  const backoffMs = missing > 0 ? backoffLeftMs(sorted.failed, sorted.succeeded, now.getTime()) : 0;
  const surplus = missing < 0 ? sorted.active.slice(missing) : [];
  const waits = [backoffMs, deadlineMs ?? 0].filter((ms) => ms > 0);
  const kept = { ...sorted, active: sorted.active.filter((pod) => !surplus.includes(pod)) };
  return {
    status: withCounts(begun, kept, count),
    release: count.release,
    forget: job.spec.suspend ? surplus : [],
    remove: surplus,
    create: missing > 0 && backoffMs === 0 ? missing : 0,
    events,
    requeueMs: waits.length === 0 ? undefined : Math.min(...waits),
  };
}
