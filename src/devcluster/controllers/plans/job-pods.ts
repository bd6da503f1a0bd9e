import type { Job, Pod } from "../../../kube/builtin.ts";
import { controllerOf } from "../../../kube/objects.ts";
import { JOB_TRACKING } from "./job-counts.ts";

/** A new pod of a Job, from its template. */
export function podOf(job: Job): Pod {
  const { metadata, spec } = job.spec.template;
  const { name = "", namespace = "", uid = "" } = job.metadata;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${name}-`,
      namespace,
      ...(metadata?.labels !== undefined && { labels: metadata.labels }),
      ...(metadata?.annotations !== undefined && { annotations: metadata.annotations }),
      ownerReferences: [
        { apiVersion: "batch/v1", kind: "Job", name, uid, controller: true, blockOwnerDeletion: true },
      ],
      finalizers: [JOB_TRACKING, ...(metadata?.finalizers ?? [])],
    },
    spec,
  };
}

/** `namespace/name` of the Job that controls a pod; none for a pod that no Job controls. */
export function jobKeysOf(pod: Pod): string[] {
  const owner = controllerOf(pod);
  return owner?.kind === "Job" ? [`${pod.metadata.namespace}/${owner.name}`] : [];
}

/** Milliseconds until a finished Job with ttlSecondsAfterFinished is to be deleted; undefined when never. */
export function timeToLiveMs(job: Job, nowMs: number): number | undefined {
  const seconds = job.spec.ttlSecondsAfterFinished;
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  if (seconds === undefined || end?.lastTransitionTime === undefined) return undefined;
  return Date.parse(end.lastTransitionTime) + seconds * 1000 - nowMs;
}
