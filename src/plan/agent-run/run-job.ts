import type { AgentRun } from "../../api/agent-run.ts";
import type { Pod } from "../../kube/builtin.ts";
import { isDeleting, type KubeObject } from "../../kube/objects.ts";
import { hasEnded, isPodLate, type JobState } from "../jobs/job-state.ts";
import { isWorkDone } from "../jobs/pod-state.ts";
import { isFinished } from "./status.ts";

/**
 * Whether only the Job's status can show how the run goes: there is no pod, and none is just about to come; or it is
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

/**
 * Whether nothing of a Job goes on, or will. With `backoffLimit: 0` no second pod follows the one that `run` names. A node
 * reports the end of a container a second or two before the pod's: the Job stays anyway, with its pod and log.
 */
export function isOver(run: AgentRun, job: JobState, pod: Pod | undefined): boolean {
  if (isDeleting(job)) return true;
  if (pod) return isWorkDone(pod) || isDeleting(pod);
  return run.status?.podName !== undefined || hasEnded(job);
}
