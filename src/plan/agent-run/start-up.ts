import type { Reason } from "../../api/reasons.ts";
import type { PersistentVolumeClaim, Pod } from "../../kube/builtin.ts";
import type { Ending } from "./ending.ts";
import type { OperatorDefaults } from "./observed.ts";
import * as podState from "./pod-state.ts";

/** A pod that has nothing running after this time is asked why, and a Job that has no pod. */
export const SLOW_START_MS = 10_000;

const IMAGE_PULL = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "ImageInspectError",
  "RegistryUnavailable",
]);

/** What holds a Job's pod up on its way to the agent; undefined while all goes as it should. */
export interface HoldUp {
  reason: Reason;
  message: string;
  /** The run fails with this when it lasts, or at once (0). */
  fails?: { afterMs: number; ending: Ending };
}

/** What is known of a Job's pod on its way. */
export interface ObservedStartUp {
  pod?: Pod;
  claim?: PersistentVolumeClaim;
  warning?: string;
  defaults: OperatorDefaults;
  now: number;
}

export function holdUpOf({ pod, claim, warning, defaults, now }: ObservedStartUp): HoldUp | undefined {
  if (!pod) return warning === undefined ? undefined : { reason: "PodNotCreated", message: warning };
  return (
    imageHoldUp(pod, defaults.imagePullTimeoutSeconds * 1000, now) ??
    configurationHoldUp(pod) ??
    (isSlow(pod, now) ? (schedulingHoldUp(pod, claim, warning) ?? warningHoldUp(warning)) : undefined)
  );
}

/** Whether the pod has had time enough to start a container, and none runs. */
export function isSlow(pod: Pod, now: number): boolean {
  return podState.noneRunning(pod) && now - startOf(pod, now) >= SLOW_START_MS;
}

function startOf(pod: Pod, now: number): number {
  return podState.timeOf(pod.metadata.creationTimestamp, now);
}

function imageHoldUp(pod: Pod, timeoutMs: number, now: number): HoldUp | undefined {
  const waiting = podState.waitingContainer(pod);
  if (!waiting) return undefined;
  const message = `image ${waiting.image} of container ${waiting.container}: ${waiting.message || waiting.reason}`;
  if (waiting.reason === "InvalidImageName") {
    return {
      reason: "InvalidImage",
      message,
      fails: { afterMs: 0, ending: failed("InvalidImage", message) },
    };
  }
  if (!IMAGE_PULL.has(waiting.reason)) return undefined;
  const elapsed = now - podState.stepStartedAt(pod, now);
  const ending = failed("ImagePullFailed", message);
  return { reason: "ImagePull", message, fails: { afterMs: Math.max(0, timeoutMs - elapsed), ending } };
}

function failed(reason: Reason, message: string): Ending {
  return { phase: "Failed", reason, message };
}

/** A Secret or ConfigMap that went after the run had been resolved, or that no one had to check before. */
function configurationHoldUp(pod: Pod): HoldUp | undefined {
  const waiting = podState.waitingContainer(pod);
  if (!waiting || IMAGE_PULL.has(waiting.reason)) return undefined;
  const message = `container ${waiting.container}: ${waiting.message || waiting.reason}`;
  if (waiting.reason !== "CreateContainerConfigError") return { reason: "PodStarting", message };
  return { reason: missingIn(waiting.message) ?? "PodStarting", message };
}

/** In the node's words: of a variable's source, or of one that cannot be mounted. */
function missingIn(message: string): Reason | undefined {
  if (/couldn't find key|references non-existent (config|secret) key/i.test(message)) return "KeyNotFound";
  if (/\bconfigmaps? "[^"]*" not found/i.test(message)) return "ConfigMapNotFound";
  return /\bsecrets? "[^"]*" not found/i.test(message) ? "SecretNotFound" : undefined;
}

function schedulingHoldUp(
  pod: Pod,
  claim: PersistentVolumeClaim | undefined,
  warning: string | undefined,
): HoldUp | undefined {
  if (pod.spec.nodeName !== undefined) return undefined;
  if (claim && claim.status?.phase !== "Bound" && mayWaitForClaim(pod, warning)) {
    return { reason: "ClaimPending", message: claimMessage(claim, warning) };
  }
  const message = podState.unschedulable(pod);
  return message === undefined ? undefined : { reason: "Unschedulable", message };
}

/**
 * Whether a claim may be what keeps a pod from its node. One that waits for its first consumer is bound once a node
 * takes the pod: where the scheduler names another trouble and the claim has none, that is the cause.
 */
export function mayWaitForClaim(pod: Pod, claimWarning: string | undefined): boolean {
  if (pod.spec.nodeName !== undefined) return false;
  const message = podState.unschedulable(pod);
  return claimWarning !== undefined || message === undefined || /PersistentVolumeClaim/i.test(message);
}

function claimMessage({ metadata, spec }: PersistentVolumeClaim, warning: string | undefined): string {
  const what = `claim ${metadata.name} (class ${spec.storageClassName ?? "of the cluster's default"}, ${(spec.accessModes ?? []).join(", ")})`;
  if (warning !== undefined) return `${what}: ${warning}`;
  const since = metadata.creationTimestamp === undefined ? "" : ` since ${metadata.creationTimestamp}`;
  return `${what} has waited for a volume${since}`;
}

function warningHoldUp(warning: string | undefined): HoldUp | undefined {
  if (warning === undefined) return undefined;
  return { reason: missingIn(warning) ?? "PodStarting", message: warning };
}
