import type { Job, Pod } from "../../../kube/builtin.ts";
import { judgeFailure } from "./job-failures.ts";

/** Keeps a Job's pods until the Job has counted them. */
export const JOB_TRACKING = "batch.kubernetes.io/job-tracking";

/** What a Job says of itself. */
export type JobStatus = NonNullable<Job["status"]>;

/** The pods of a Job by what they count as; one that is being deleted may be in two lists. */
export interface SortedPods {
  active: Pod[];
  terminating: Pod[];
  succeeded: Pod[];
  failed: Pod[];
}

/** Sorts them. */
export function sortPods(job: Job, pods: readonly Pod[]): SortedPods {
  const sorted: SortedPods = { active: [], terminating: [], succeeded: [], failed: [] };
  const onlyFailed = job.spec.podReplacementPolicy === "Failed";
  for (const pod of pods) {
    const phase = pod.status?.phase;
    const isDeleted = pod.metadata.deletionTimestamp !== undefined;
    if (phase === "Succeeded") sorted.succeeded.push(pod);
    else if (phase === "Failed") sorted.failed.push(pod);
    else if (!isDeleted) sorted.active.push(pod);
    else {
      sorted.terminating.push(pod);
      // A deleted pod may never reach a final phase; it counts as failed unless only failed ones are replaced.
      if (!onlyFailed) sorted.failed.push(pod);
    }
  }
  return sorted;
}

/** Whether the pod waits to be counted by a Job. */
export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(JOB_TRACKING) ?? false;
}

/** The pod without the finalizer that keeps it for its Job. */
export function untracked(pod: Pod): Pod {
  const finalizers = pod.metadata.finalizers?.filter((finalizer) => finalizer !== JOB_TRACKING) ?? [];
  return { ...pod, metadata: { ...pod.metadata, finalizers } };
}

/** What is counted so far, and what is about to be. */
export interface Count {
  succeeded: number;
  failed: number;
  uncounted: { succeeded: string[]; failed: string[] };
  release: Pod[];
  verdictMessage: string | undefined;
}

/**
 * Counts finished pods exactly once: a pod is first listed as uncounted, then loses its finalizer, and only
 * then moves into the totals. So a controller that dies in between neither loses nor doubles one.
 */
export function countPods(job: Job, pods: readonly Pod[], sorted: SortedPods): Count {
  const status = job.status ?? {};
  const tracked = new Map(pods.filter(isTracked).map((pod) => [pod.metadata.uid ?? "", pod]));
  const before = {
    succeeded: status.uncountedTerminatedPods?.succeeded ?? [],
    failed: status.uncountedTerminatedPods?.failed ?? [],
  };
  const stillOpen = (uids: string[]): string[] => uids.filter((uid) => tracked.has(uid));
  const count: Count = {
    succeeded: (status.succeeded ?? 0) + before.succeeded.length - stillOpen(before.succeeded).length,
    failed: (status.failed ?? 0) + before.failed.length - stillOpen(before.failed).length,
    uncounted: { succeeded: stillOpen(before.succeeded), failed: stillOpen(before.failed) },
    release: [],
    verdictMessage: undefined,
  };
  const take = (pod: Pod, as: "succeeded" | "failed"): void => {
    const uid = pod.metadata.uid ?? "";
    if (!tracked.has(uid)) return;
    if (!count.uncounted[as].includes(uid)) count.uncounted[as].push(uid);
    count.release.push(pod);
  };
  for (const pod of sorted.succeeded) take(pod, "succeeded");
  for (const pod of sorted.failed) {
    const verdict = judgeFailure(job, pod);
    if (verdict.action === "FailJob") count.verdictMessage ??= verdict.message;
    if (verdict.action !== "Ignore") take(pod, "failed");
    else if (isTracked(pod)) count.release.push(pod);
  }
  return count;
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** The status with these counts. */
export function withCounts(
  status: JobStatus,
  sorted: SortedPods,
  count: Pick<Count, "succeeded" | "failed" | "uncounted">,
): JobStatus {
  const { succeeded, failed } = count.uncounted;
  const { active: _, ...rest } = status;
  return {
    ...rest,
    // The one count that a server does not keep when it is zero.
    ...(sorted.active.length > 0 && { active: sorted.active.length }),
    ready: sorted.active.filter(isReady).length,
    terminating: sorted.terminating.length,
    ...(count.succeeded > 0 && { succeeded: count.succeeded }),
    ...(count.failed > 0 && { failed: count.failed }),
    uncountedTerminatedPods: {
      ...(succeeded.length > 0 && { succeeded }),
      ...(failed.length > 0 && { failed }),
    },
  };
}

/** The status once so many pods more have been made. */
export function withActive(status: JobStatus, created: number): JobStatus {
  return created === 0 ? status : { ...status, active: (status.active ?? 0) + created };
}
