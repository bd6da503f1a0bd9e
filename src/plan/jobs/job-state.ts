import type { Job, Pod } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { timeOf } from "../../kube/time.ts";

/** A pod that has nothing running after this time is asked why, and a Job that has no pod. */
export const SLOW_START_MS = 10_000;

/** A Job without what was asked of it, which is nearly all of it. Of a run's, `status` is there only if it is needed. */
export type JobState = Pick<Job, "metadata" | "status"> & {
  /** That it is suspended, and by whom if that is known. */
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
