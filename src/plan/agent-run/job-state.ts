import type { AgentRun } from "../../api/agent-run.ts";
import type { Job, Pod } from "../../kube/builtin.ts";
import { isDeleting, type KubeObject } from "../../kube/objects.ts";
import { isWorkDone, timeOf } from "./pod-state.ts";
import { SLOW_START_MS } from "./start-up.ts";
import { isFinished } from "./status.ts";

/** A Job without what was asked of it, which is nearly all of it. Of a run's, `status` is there only where it is needed. */
export type JobState = Pick<Job, "metadata" | "status"> & {
  /** That it is suspended, and by whom where that is known. */
  suspended?: { by?: string };
};

/** A Job's final condition of this type, or the one that announces it while pods still end. */
export function jobCondition(
  { status }: Pick<Job, "status">,
  type: "Complete" | "Failed" | "FailureTarget",
): { reason?: string; message?: string } | undefined {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === "True");
}

/** Whether a Job says that it has ended. */
export function hasEnded(job: JobState): boolean {
  return jobCondition(job, "Complete") !== undefined || jobCondition(job, "Failed") !== undefined;
}

/** The pod that a Job deletes when it is suspended is no end: another one follows when it is resumed. */
export function wasSuspended({ status, suspended }: JobState, pod: Pod): boolean {
  if (suspended) return true;
  const condition = status?.conditions?.find(({ type }) => type === "Suspended");
  const since = timeOf(condition?.lastTransitionTime, 0);
  return since >= timeOf(pod.metadata.creationTimestamp, Number.POSITIVE_INFINITY);
}

/**
 * Whether only the Job's status can tell how the run goes: there is no pod, and none is just about to come; or it is
 * being deleted, and the Job may know why.
 */
export function isJobStatusNeeded(
  run: AgentRun,
  job: KubeObject,
  { pod, warning, now }: { pod?: Pod; warning?: string; now: number },
): boolean {
  if (isDeleting(run)) return false;
  if (pod) return isDeleting(pod) && !isFinished(run);
  const hadPod = run.status?.podName !== undefined;
  if (isFinished(run)) return !hadPod && !isDeleting(job);
  return hadPod || warning !== undefined || run.status?.reason === "Queued" || isPodLate(job, now);
}

/** Whether a Job without a pod has had time enough for one. */
export function isPodLate(job: KubeObject, now: number): boolean {
  return podLateInMs(job, now) === 0;
}

/** Milliseconds until a pod that is still missing is late. */
export function podLateInMs(job: KubeObject, now: number): number {
  return Math.max(0, SLOW_START_MS - ageMs(job, now));
}

function ageMs({ metadata }: KubeObject, now: number): number {
  return now - timeOf(metadata.creationTimestamp, now);
}

/**
 * Whether nothing of a Job goes on, or will. With `backoffLimit: 0` no second pod follows the one that `run` names. A node
 * reports the end of a container a second or two before the pod's: the Job stays all the same, with its pod and log.
 */
export function isOver(run: AgentRun, job: JobState, pod: Pod | undefined): boolean {
  if (isDeleting(job)) return true;
  if (pod) return isWorkDone(pod) || isDeleting(pod);
  return run.status?.podName !== undefined || hasEnded(job);
}
