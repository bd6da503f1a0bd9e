import type { Job } from "../../../kube/builtin.ts";

/** What of a Job has no effect here: its pods are all alike. */
export function unsupportedJobParts({ spec }: Job): string[] {
  return [
    ...(spec.completionMode === "Indexed" ? ["spec.completionMode Indexed"] : []),
    ...(spec.successPolicy === undefined ? [] : ["spec.successPolicy"]),
  ];
}

/** Whether another controller than the cluster's own runs the Job. */
export function isManagedElsewhere({ spec: { managedBy } }: Job): boolean {
  return managedBy !== undefined && managedBy !== "kubernetes.io/job-controller";
}
