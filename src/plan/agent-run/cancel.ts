import type { AgentRun } from "../../api/agent-run.ts";
import { ANNOTATION_CANCEL } from "../../api/labels.ts";
import { pods, type Pod } from "../../kube/builtin.ts";
import { parseDuration } from "../../kube/duration.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { timeOf } from "../../kube/time.ts";
import type { ChildPatch } from "../../kube/plan.ts";
import { factsOf } from "../specs/facts.ts";
import * as podState from "../jobs/pod-state.ts";

export const CANCELLED_EARLY = "the run was cancelled before its agent had started";

/** Whether the user has asked for the end of the run. */
export function isCancelled({ metadata }: Pick<AgentRun, "metadata">): boolean {
  return metadata.annotations?.[ANNOTATION_CANCEL] === "true";
}

/**
 * Stops a pod as at its deadline, its log and termination message kept: its own deadline can be lowered. It becomes the
 * time that the pod has had, so that it also says when it was stopped. Nothing if the pod's end is under way anyhow.
 */
export function stopNow(pod: Pod, now: number): ChildPatch[] {
  const { namespace = "", name = "", uid = "", deletionTimestamp } = pod.metadata;
  const { activeDeadlineSeconds = Number.POSITIVE_INFINITY } = pod.spec;
  const had = Math.max(1, Math.floor((now - timeOf(pod.status?.startTime, now)) / 1000));
  if (podState.isPodFinished(pod) || deletionTimestamp !== undefined || activeDeadlineSeconds <= had)
    return [];
  return [{ type: pods, namespace, name, uid, patch: { spec: { activeDeadlineSeconds: had } } }];
}

/** Whether the deadline that has passed is the one that a cancel has set, not the Job's own. */
export function wasStoppedByCancel(job: KubeObject, pod: Pod): boolean {
  const timeout = parseDuration(factsOf(job).timeout ?? "");
  const { activeDeadlineSeconds } = pod.spec;
  return timeout !== undefined && activeDeadlineSeconds !== undefined && activeDeadlineSeconds < timeout;
}
