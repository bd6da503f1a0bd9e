import type { ContainerStatus, Job, Pod, PodFailurePolicyRule } from "../../../kube/builtin.ts";

/** What a Job's podFailurePolicy says of a failed pod; `Count` if no rule matches. */
export interface FailureVerdict {
  action: "FailJob" | "Ignore" | "Count";
  /** For FailJob: the message of the Job's condition. */
  message?: string;
}

function matchingExit(rule: PodFailurePolicyRule, pod: Pod): ContainerStatus | undefined {
  const { onExitCodes } = rule;
  if (onExitCodes === undefined) return undefined;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.find(({ name, state }) => {
    const exitCode = state?.terminated?.exitCode ?? 0;
    if (exitCode === 0 || (onExitCodes.containerName !== undefined && onExitCodes.containerName !== name))
      return false;
    return onExitCodes.values.includes(exitCode) === (onExitCodes.operator === "In");
  });
}

/** The first rule that matches, as the real job controller evaluates them. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict {
  for (const [index, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const { namespace, name } = pod.metadata;
    const action = rule.action === "FailIndex" ? "Count" : rule.action;
    const container = matchingExit(rule, pod);
    if (container !== undefined) {
      const code = container.state?.terminated?.exitCode;
      const what = `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${code}`;
      return { action, message: `${what} matching ${rule.action} rule at index ${index}` };
    }
    const condition = rule.onPodConditions?.find((wanted) =>
      pod.status?.conditions?.some(({ type, status }) => type === wanted.type && status === wanted.status),
    );
    if (condition !== undefined) {
      const what = `Pod ${namespace}/${name} has condition ${condition.type}`;
      return { action, message: `${what} matching ${rule.action} rule at index ${index}` };
    }
  }
  return { action: "Count" };
}

const FIRST_BACKOFF_MS = 10_000;
const LONGEST_BACKOFF_MS = 600_000;

function finishedMs(pod: Pod): number {
  const ends = (pod.status?.containerStatuses ?? []).map(({ state }) =>
    Date.parse(state?.terminated?.finishedAt ?? ""),
  );
  const latest = Math.max(...ends.filter((end) => !Number.isNaN(end)));
  return Number.isFinite(latest) ? latest : Date.parse(pod.metadata.creationTimestamp ?? "");
}

/** Milliseconds until a failed pod may be replaced: 10 s after the first failure in a row, doubling up to 10 minutes. */
export function backoffLeftMs(failed: readonly Pod[], succeeded: readonly Pod[], nowMs: number): number {
  const lastSuccessMs = Math.max(0, ...succeeded.map(finishedMs));
  const since = failed.map(finishedMs).filter((ms) => ms > lastSuccessMs);
  if (since.length === 0) return 0;
  const delayMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (since.length - 1));
  return Math.max(0, Math.max(...since) + delayMs - nowMs);
}
