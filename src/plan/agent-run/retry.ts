import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { isCancelled } from "./cancel.ts";
import type { Ending } from "./ending.ts";
import type { ObservedRun } from "./observed.ts";
import { timeOf, timestamp } from "../../kube/time.ts";
import { resultOf, usageOf } from "./result.ts";
import * as status from "./status.ts";

export type Attempt = NonNullable<AgentRunStatus["attempts"]>[number];

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;

/** The status of a run whose attempt has failed and is tried again; undefined if that is the end of the run. */
export function nextAttempt(observed: ObservedRun, ending: Ending): AgentRunStatus | undefined {
  const { run, job, pod, now } = observed;
  const { retry } = run.spec;
  const attempts = run.status?.attempts ?? [];
  const isWanted = retry?.reasons.some((reason) => reason === ending.reason) === true;
  if (!job || !isWanted || attempts.length >= retry.limit || isCancelled(run)) return undefined;
  const attempt: Attempt = {
    number: attempts.length + 1,
    jobUid: job.metadata.uid,
    podName: pod?.metadata.name,
    reason: ending.reason,
    message: ending.message,
    startedAt: run.status?.startedAt,
    completionTime: ending.at ?? timestamp(now),
    exitCode: ending.exitCode,
    result: resultOf(ending),
  };
  const message = `attempt ${attempt.number} of ${retry.limit + 1} failed: ${ending.reason}: ${ending.message}`;
  return {
    ...status.enterStage(run, status.initializingStage("Retrying", message), now),
    attempts: [...attempts, attempt],
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
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** ((last.number ?? 1) - 1), LONGEST_PAUSE_MS);
  return Math.max(0, timeOf(last.completionTime, now) + pause - now);
}

/** Seconds that are left of a run's timeout, which covers all its attempts; at least one. */
export function timeLeft({ status: told }: AgentRun, timeoutSeconds: number, now: number): number {
  if (!told?.attempts?.length) return timeoutSeconds;
  const gone = Math.floor((now - timeOf(told.startTime, now)) / 1000);
  return Math.max(1, timeoutSeconds - gone);
}
