import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { Reason } from "../../api/reasons.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { isCancelled } from "./cancel.ts";
import type { Ending } from "./ending.ts";
import type { ObservedRun } from "./observed.ts";
import { timeOf, timestamp } from "../../kube/time.ts";
import { resultOf, usageOf } from "./result.ts";
import * as status from "./status.ts";

export type Attempt = NonNullable<AgentRunStatus["attempts"]>[number];

/** Why an attempt ended whose agent succeeded, and whose work did not pass its verification. */
export const FEEDBACK: Reason = "VerificationFailed";

export function isFeedback({ reason }: Attempt): boolean {
  return reason === FEEDBACK;
}

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;

/** As many as its status keeps. */
export const MAX_ATTEMPTS = 32;

/** Those that `retry` limits. */
function countedOf(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter((attempt) => attempt.reason !== "Preempted" && !isFeedback(attempt));
}

/** The status of a run whose attempt has failed and is tried again; undefined if that is the end of the run. */
export function nextAttempt(observed: ObservedRun, ending: Ending): AgentRunStatus | undefined {
  const { run, job, pod, now } = observed;
  const { retry } = run.spec;
  const attempts = run.status?.attempts ?? [];
  const isPreempted = ending.reason === "Preempted";
  const isWanted = retry?.reasons.some((reason) => reason === ending.reason) === true;
  const isAllowed = isPreempted || (isWanted && countedOf(attempts).length < retry.limit);
  if (!job || !isAllowed || isCancelled(run)) return undefined;
  const attempt: Attempt = {
    number: (attempts.at(-1)?.number ?? 0) + 1,
    jobUid: job.metadata.uid,
    podName: pod?.metadata.name,
    reason: ending.reason,
    message: ending.message,
    startedAt: run.status?.startedAt,
    completionTime: ending.at ?? timestamp(now),
    exitCode: ending.exitCode,
    result: resultOf(ending, {}),
  };
  const counted = countedOf([...attempts, attempt]).length;
  const stage = isPreempted
    ? status.initializingStage("Queued", `${ending.message}; it goes on when it is admitted again`)
    : status.initializingStage(
        "Retrying",
        `attempt ${counted} of ${(retry?.limit ?? 0) + 1} failed: ${ending.reason}: ${ending.message}`,
      );
  return {
    ...status.enterStage(run, stage, now),
    attempts: [...attempts, attempt].slice(-MAX_ATTEMPTS),
    usage: usageOf([...attempts, attempt].map(({ result }) => result)),
    jobName: undefined,
    podName: undefined,
    startedAt: undefined,
  };
}

/** Whether the Job is of an attempt that has been recorded: it is to be replaced by the next one's. */
export function isRecorded({ status: told }: AgentRun, job: KubeObject | undefined): boolean {
  return job !== undefined && told?.attempts?.some(({ jobUid }) => jobUid === job.metadata.uid) === true;
}

/** Milliseconds until the next attempt may start; 0 if none is awaited. */
export function pauseLeft({ status: told }: AgentRun, now: number): number {
  const last = told?.attempts?.at(-1);
  if (!last || told?.jobName !== undefined) return 0;
  // Its queue says when it goes on; a verification has nothing to wait for.
  if (last.reason === "Preempted" || isFeedback(last)) return 0;
  const counted = countedOf(told?.attempts ?? []).length;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (counted - 1), LONGEST_PAUSE_MS);
  return Math.max(0, timeOf(last.completionTime, now) + pause - now);
}

/** Seconds that are left of a run's timeout, which counts the work of all its attempts, not pauses and queues; at least one. */
export function timeLeft({ status: told }: AgentRun, timeoutSeconds: number, now: number): number {
  if (!told?.attempts?.length) return timeoutSeconds;
  const worked = told.attempts.reduce((sum, { startedAt, completionTime }) => {
    const from = timeOf(startedAt, Number.NaN);
    return Number.isNaN(from) ? sum : sum + Math.max(0, timeOf(completionTime, now) - from);
  }, 0);
  return Math.max(1, timeoutSeconds - Math.floor(worked / 1000));
}
