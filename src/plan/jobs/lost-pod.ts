import type { Pod } from "../../kube/builtin.ts";
import { GRACE_SECONDS, JOB_MARGIN_SECONDS } from "../specs/run-job.ts";
import { isWorkDone } from "./pod-state.ts";
import { timeOf } from "../../kube/time.ts";

/** Time that a node has to report the end of a pod that it should have stopped. */
const REPORT_MS = 30_000;

/**
 * When a pod is given up because its node does not report its end: soon after the grace of its deletion, or long
 * after its own deadline. A node that is gone reports nothing, and nobody else ends a pod. Undefined: its work is done,
 * or no end is due.
 */
export function givenUpAt(pod: Pod): number | undefined {
  if (isWorkDone(pod)) return undefined;
  const due = [deletionDue(pod), deadlineDue(pod)].filter((at) => at !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Whether the pod's node will not report any more how it ended. */
export function isLost(pod: Pod, now: number): boolean {
  const at = givenUpAt(pod);
  return at !== undefined && at <= now;
}

/** Kubernetes counts the grace into `deletionTimestamp`. */
function deletionDue({ metadata }: Pod): number | undefined {
  const at = timeOf(metadata.deletionTimestamp, 0);
  return at === 0 ? undefined : at + REPORT_MS;
}

/** The node counts from its first sight of the pod; one that it never saw is as late as one made at that moment. */
function deadlineDue({ metadata, spec, status }: Pod): number | undefined {
  const from = timeOf(status?.startTime ?? metadata.creationTimestamp, 0);
  if (spec.activeDeadlineSeconds === undefined || from === 0) return undefined;
  return from + (spec.activeDeadlineSeconds + GRACE_SECONDS + JOB_MARGIN_SECONDS) * 1000;
}
