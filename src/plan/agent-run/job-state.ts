import type { AgentRun } from "../../api/agent-run.ts";
import type { Job, Pod } from "../../kube/builtin.ts";
import { isDeleting, type KubeObject } from "../../kube/objects.ts";
import { isPodFinished, timeOf } from "./pod-state.ts";
import { isFinished } from "./status.ts";

/** A Job without what was asked of it, which is nearly all of it. Of a run's, `status` is there only where it is needed. */
export type JobState = Pick<Job, "metadata" | "status">;

/** A Job's pod comes within moments; one that still misses after this time may never come. */
const POD_LATE_MS = 10_000;

/** A Job's final condition of this type. */
export function jobCondition(
  { status }: Pick<Job, "status">,
  type: "Complete" | "Failed",
): { reason?: string; message?: string } | undefined {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === "True");
}

/** Whether only the Job's status can tell how the run goes: there is no pod, and none is just about to come. */
export function isJobStatusNeeded(
  run: AgentRun,
  job: KubeObject,
  pod: Pod | undefined,
  now: number,
): boolean {
  if (pod || isDeleting(run)) return false;
  const hadPod = run.status?.podName !== undefined;
  if (isFinished(run)) return !hadPod && !isDeleting(job);
  return hadPod || podLateInMs(job, now) === 0;
}

/** Milliseconds until a pod that is still missing is late. */
export function podLateInMs({ metadata }: KubeObject, now: number): number {
  return Math.max(0, timeOf(metadata.creationTimestamp, now) + POD_LATE_MS - now);
}

/** Whether nothing of a Job goes on, or will. With `backoffLimit: 0` no second pod follows the one that `run` names. */
export function isOver(run: AgentRun, job: JobState, pod: Pod | undefined): boolean {
  if (isDeleting(job)) return true;
  if (pod) return isPodFinished(pod) || isDeleting(pod);
  return (
    run.status?.podName !== undefined ||
    jobCondition(job, "Complete") !== undefined ||
    jobCondition(job, "Failed") !== undefined
  );
}
