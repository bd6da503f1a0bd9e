import type { Reason } from "../../api/reasons.ts";
import type { PersistentVolumeClaim, Pod } from "../../kube/builtin.ts";
import type { OperatorDefaults } from "../defaults.ts";
import { SLOW_START_MS, type JobState } from "./job-state.ts";
import { serviceProblem } from "./services.ts";
import type { Failure, StartProblem } from "./start-problem.ts";
import * as podState from "./pod-state.ts";

const IMAGE_PULL = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "ImageInspectError",
  "RegistryUnavailable",
]);

/** What is known of a Job's pod on its way. */
export interface ObservedStartUp {
  job?: JobState;
  pod?: Pod;
  claim?: PersistentVolumeClaim;
  warning?: string;
  defaults: OperatorDefaults;
  now: number;
}

export function startProblemOf({
  job,
  pod,
  claim,
  warning,
  defaults,
  now,
}: ObservedStartUp): StartProblem | undefined {
  if (!pod) return (job && suspensionOf(job)) ?? noPod(warning);
  const timeoutMs = defaults.imagePullTimeoutSeconds * 1000;
  return (
    imageProblem(pod, podState.waitingContainer(pod), timeoutMs, now) ??
    serviceProblem(pod, now) ??
    configurationProblem(podState.waitingContainer(pod)) ??
    (isSlow(pod, now)
      ? (schedulingProblem(pod, claim, warning) ?? warned(pod, warning, timeoutMs, now))
      : undefined)
  );
}

/** Whether what held a Job's pod up so far is over, by how far the pod has come. */
export function isPassed(
  reason: string | undefined,
  { job, pod }: Pick<ObservedStartUp, "job" | "pod">,
): boolean {
  switch (reason) {
    case "Queued":
      return !job?.suspended;
    case "PodNotCreated":
      return pod !== undefined;
    case "Unschedulable":
    case "ClaimPending":
      return pod?.spec.nodeName !== undefined;
    default:
      return START_PROBLEMS.has(reason) && pod !== undefined && !podState.noneRunning(pod);
  }
}

const START_PROBLEMS: ReadonlySet<string | undefined> = new Set<Reason>([
  "ImagePull",
  "PodStarting",
  "ServiceNotReady",
  "SecretNotFound",
  "ConfigMapNotFound",
  "KeyNotFound",
]);

/** Whether two messages of a hold-up say the same: they repeat with other numbers, ports and names of pods in them. */
export function isSameMessage(before: string | undefined, after: string): boolean {
  return before !== undefined && withoutNumbers(before) === withoutNumbers(after);
}

function withoutNumbers(text: string): string {
  return text.replace(/[0-9]+/g, "0");
}

/** Whether the pod has had time enough to start its next container, and none runs. */
export function isSlow(pod: Pod, now: number): boolean {
  return podState.noneRunning(pod) && now - podState.stepStartedAt(pod, now) >= SLOW_START_MS;
}

/** A Job that is suspended has no pod, or loses it. */
export function suspensionOf({ metadata, suspended }: JobState): StartProblem | undefined {
  if (!suspended) return undefined;
  const by = suspended.by === undefined ? "" : ` by ${suspended.by}`;
  return {
    reason: "Queued",
    message: `Job ${metadata.name} is suspended${by}; it starts when it is resumed`,
  };
}

/** Each try to make the pod has another name for it. */
function noPod(warning: string | undefined): StartProblem | undefined {
  if (warning === undefined) return undefined;
  return { reason: "PodNotCreated", message: warning.replace(/pods "[^"]*" is/g, "the pod is") };
}

function imageProblem(
  pod: Pod,
  waiting: podState.WaitingContainer | undefined,
  timeoutMs: number,
  now: number,
): StartProblem | undefined {
  if (!waiting) return undefined;
  const message = `image ${waiting.image} of container ${waiting.container}: ${imageProblemText(waiting)}`;
  if (waiting.reason === "InvalidImageName") {
    const ending = failed("InvalidImage", message);
    return { reason: "InvalidImage", message, fails: { afterMs: 0, ending } };
  }
  if (!IMAGE_PULL.has(waiting.reason)) return undefined;
  const elapsed = now - podState.stepStartedAt(pod, now);
  const ending = failed("ImagePullFailed", message);
  return { reason: "ImagePull", message, fails: { afterMs: Math.max(0, timeoutMs - elapsed), ending } };
}

/** The node says by turns that a pull has failed and that it pauses before the next: the cause is the same. */
function imageProblemText({ reason, message }: podState.WaitingContainer): string {
  return message.replace(/^Back-off pulling image "[^"]*": (?:ErrImagePull: )?/, "") || reason;
}

function failed(reason: Reason, message: string): Failure {
  return { phase: "Failed", reason, message };
}

/** A Secret or ConfigMap that went after the run had been resolved, or that no one had to check before. */
function configurationProblem(waiting: podState.WaitingContainer | undefined): StartProblem | undefined {
  if (!waiting) return undefined;
  const message = `container ${waiting.container}: ${waiting.message || waiting.reason}`;
  return { reason: missingIn(waiting.message) ?? "PodStarting", message };
}

/** In the node's words: of a variable's source, or of one that cannot be mounted. */
function missingIn(message: string): Reason | undefined {
  if (/couldn't find key|references non-existent (config|secret) key/i.test(message)) return "KeyNotFound";
  if (/\bconfigmaps? "[^"]*" not found/i.test(message)) return "ConfigMapNotFound";
  return /\bsecrets? "[^"]*" not found/i.test(message) ? "SecretNotFound" : undefined;
}

function schedulingProblem(
  pod: Pod,
  claim: PersistentVolumeClaim | undefined,
  warning: string | undefined,
): StartProblem | undefined {
  if (pod.spec.nodeName !== undefined) return undefined;
  if (claim && claim.status?.phase !== "Bound" && mayWaitForClaim(pod, warning)) {
    return { reason: "ClaimPending", message: claimMessage(claim, warning) };
  }
  const message = podState.unschedulable(pod);
  return message === undefined ? undefined : { reason: "Unschedulable", message };
}

/**
 * Whether a claim may be what keeps a pod from its node. One that waits for its first consumer is bound once a node
 * takes the pod: if the scheduler names another trouble and the claim has none, that is the cause.
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

/** Events are ahead of the pod's status, which reports a try only when the next one fails: said in the status' words. */
function warned(
  pod: Pod,
  warning: string | undefined,
  timeoutMs: number,
  now: number,
): StartProblem | undefined {
  if (warning === undefined) return undefined;
  const next = podState.nextContainer(pod);
  const image = /^(?:Failed: Failed to pull image "[^"]*"|ErrImageNeverPull): (.*)$/s.exec(warning)?.[1];
  if (next && image !== undefined) {
    return imageProblem(pod, { ...next, reason: "ErrImagePull", message: image }, timeoutMs, now);
  }
  const error = /^Failed: Error: (.*)$/s.exec(warning)?.[1];
  if (next && error !== undefined) return configurationProblem({ ...next, message: error });
  return { reason: missingIn(warning) ?? "PodStarting", message: warning };
}
