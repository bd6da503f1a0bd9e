import type { AgentRun } from "../../api/agent-run.ts";
import { ANNOTATION_CANCEL } from "../../api/labels.ts";
import type { Pod } from "../../kube/builtin.ts";
import { formatDuration } from "../../kube/duration.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { factsOf } from "../specs/facts.ts";
import * as podState from "./pod-state.ts";

/**
 * The deadline that stops the pod of a cancelled run: a pod's own can only be lowered, and the node then
 * ends it as after any deadline, its log and termination message kept.
 */
export const CANCELLED_DEADLINE_SECONDS = 1;

export const CANCELLED_EARLY = "the run was cancelled before its agent had started";

/** Whether the user has asked for the end of the run. */
export function isCancelled({ metadata }: AgentRun): boolean {
  return metadata.annotations?.[ANNOTATION_CANCEL] === "true";
}

/** Whether the pod's end is under way, for whatever reason. */
export function isStopping(pod: Pod): boolean {
  return (
    podState.isPodFinished(pod) ||
    podState.agentTermination(pod) !== undefined ||
    pod.metadata.deletionTimestamp !== undefined ||
    pod.spec.activeDeadlineSeconds === CANCELLED_DEADLINE_SECONDS
  );
}

/** Whether the deadline that has passed is the one that a cancel has set, not the Job's own. */
export function wasStoppedByCancel(job: KubeObject, pod: Pod): boolean {
  return (
    pod.spec.activeDeadlineSeconds === CANCELLED_DEADLINE_SECONDS &&
    factsOf(job).timeout !== formatDuration(CANCELLED_DEADLINE_SECONDS)
  );
}
