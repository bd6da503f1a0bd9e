import type { ContainerState, ContainerStatus, Pod } from "../../kube/builtin.ts";
import { parseFetchReport } from "../specs/git-report.ts";
import { AGENT_CONTAINER, GIT_WORKTREE_CONTAINER } from "../specs/names.ts";

export type Terminated = NonNullable<ContainerState["terminated"]>;

export function agentState(pod: Pod): ContainerState | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === AGENT_CONTAINER)?.state;
}

/** The end of the agent container, if it has ended. */
export function agentTermination(pod: Pod): Terminated | undefined {
  return agentState(pod)?.terminated;
}

/** When the agent's process started; undefined where it never did. */
export function agentStartedAt(pod: Pod): string | undefined {
  const state = agentState(pod);
  if (state?.running) return state.running.startedAt;
  // A container that could not be started is terminated with a start at the epoch.
  const startedAt = state?.terminated?.startedAt;
  return startedAt === undefined || startedAt.startsWith("1970-") ? undefined : startedAt;
}

/** The init container that ended with an error. */
export function failedInit(pod: Pod): { container: string; end: Terminated } | undefined {
  for (const { name, state } of pod.status?.initContainerStatuses ?? []) {
    if (state?.terminated && state.terminated.exitCode !== 0)
      return { container: name, end: state.terminated };
  }
  return undefined;
}

/** What the container that made a run's worktree tells of the remote: when it was asked, or why not. */
export function worktreeFetch(pod: Pod): { at?: string; problem?: string } | undefined {
  const made = pod.status?.initContainerStatuses?.find(({ name }) => name === GIT_WORKTREE_CONTAINER);
  const end = made?.state?.terminated;
  const report = end && parseFetchReport(end.message ?? "");
  if (!report) return undefined;
  return report.fetched ? { at: end.finishedAt } : { problem: report.message };
}

/** The container that waits for a reason of its own, not merely for its turn. */
export function waitingContainer(
  pod: Pod,
): { container: string; image: string; reason: string; message: string } | undefined {
  const ordinary = new Set(["PodInitializing", "ContainerCreating"]);
  for (const { name, image, state } of allContainers(pod)) {
    const reason = state?.waiting?.reason;
    if (reason !== undefined && !ordinary.has(reason)) {
      return { container: name, image, reason, message: state?.waiting?.message ?? "" };
    }
  }
  return undefined;
}

/** Whether no container runs: none has started yet, or all have ended. */
export function noneRunning(pod: Pod): boolean {
  return allContainers(pod).every(({ state }) => !state?.running);
}

function allContainers(pod: Pod): ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

export function isPodFinished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** Why the pod has no node, if it has none and the scheduler has said so. */
export function unschedulable(pod: Pod): string | undefined {
  const condition = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  return condition?.status === "False" && condition.reason === "Unschedulable"
    ? (condition.message ?? "no node takes the pod")
    : undefined;
}

/** What Kubernetes says of a pod that it removed itself. */
export function disruption(pod: Pod): string | undefined {
  if (pod.status?.reason === "Evicted") return pod.status.message ?? "the node evicted the pod";
  const target = pod.status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  return target && `${target.reason ?? "Disruption"}: ${target.message ?? "the pod was disrupted"}`;
}

/** Milliseconds since the epoch, or `fallback` where there is no such time. */
export function timeOf(timestamp: string | undefined, fallback: number): number {
  const time = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(time) ? fallback : time;
}

/** When the pod began what it is doing now: the end of its last init container, else its own start. */
export function stepStartedAt(pod: Pod, fallback: number): number {
  const ends = (pod.status?.initContainerStatuses ?? []).map(({ state }) => state?.terminated?.finishedAt);
  return (
    Math.max(
      ...[pod.status?.startTime ?? pod.metadata.creationTimestamp, ...ends].map((at) => timeOf(at, 0)),
    ) || fallback
  );
}
