import type { ContainerState, ContainerStatus, Pod } from "../../kube/builtin.ts";
import { timeOf } from "../../kube/time.ts";
import { parseFetchReport } from "../specs/git-report.ts";
import {
  AGENT_CONTAINER,
  GIT_WORKTREE_CONTAINER,
  isOwnContainer,
  serviceOf,
  SETUP_CONTAINER,
  VERIFY_CONTAINER,
} from "../specs/names.ts";

export type Terminated = NonNullable<ContainerState["terminated"]>;

/** The operator's own init containers, in their order, as far as the node has reported them. */
function ownInits(pod: Pod): ContainerStatus[] {
  return pod.status?.initContainerStatuses?.filter(isOwnContainer) ?? [];
}

/** The operator's own container of a pod, which does what the pod is for. */
function ownMain(pod: Pod): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(isOwnContainer);
}

function ownContainers(pod: Pod): ContainerStatus[] {
  const main = ownMain(pod);
  return main ? [...ownInits(pod), main] : ownInits(pod);
}

export function agentState(pod: Pod): ContainerState | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === AGENT_CONTAINER)?.state;
}

/** The end of the agent container, if it has ended. */
export function agentTermination(pod: Pod): Terminated | undefined {
  return agentState(pod)?.terminated;
}

/** The end of the operator's own container, whatever others of the pod still do. */
export function mainEnd(pod: Pod): { container: string; end: Terminated } | undefined {
  const main = ownMain(pod);
  return main?.state?.terminated && { container: main.name, end: main.state.terminated };
}

/** Whether what the pod is for has started, whatever came of it. */
export function hasBegun(pod: Pod): boolean {
  const { running, terminated } = ownMain(pod)?.state ?? {};
  return running !== undefined || terminated !== undefined;
}

/** The end of one of the pod's containers, if it has ended. */
export function endOf(pod: Pod, container: string): Terminated | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.find(({ name }) => name === container)?.state?.terminated;
}

/** Whether the command that judges a run's work has ended. */
export function hasJudged(pod: Pod): boolean {
  return mainEnd(pod)?.container === VERIFY_CONTAINER;
}

/** When the agent's process started; undefined if it never did. */
export function agentStartedAt(pod: Pod): string | undefined {
  const state = agentState(pod);
  if (state?.running) return state.running.startedAt;
  // One that could not be started has a start at the epoch, one that was never made has none (null).
  const startedAt = state?.terminated?.startedAt;
  return startedAt?.startsWith("1970-") === false ? startedAt : undefined;
}

/** Whether the checkout is being prepared, or that was stopped. */
export function isInSetup(pod: Pod): boolean {
  const { running, terminated } = ownInits(pod).find(({ name }) => name === SETUP_CONTAINER)?.state ?? {};
  return running !== undefined || (terminated !== undefined && terminated.exitCode !== 0);
}

/** The init container that ended with an error, or that its node takes for one that did. */
export function failedInit(pod: Pod): { container: string; end: Terminated } | undefined {
  return firstFailed(ownInits(pod), (end) => end.exitCode !== 0 || isStuckAfter(end));
}

/**
 * A kubelet takes an init container of which a child was killed for its memory for a failed one, though it has ended with
 * exit code 0, and starts no other: the pod stays Pending. Source: kuberuntime's isInitContainerFailed.
 */
function isStuckAfter({ exitCode, reason }: Terminated): boolean {
  return exitCode === 0 && reason === "OOMKilled";
}

/** What ended a pod before the agent could start, if that is none of the operator's own containers. */
export function failedOther(pod: Pod): { container: string; end: Terminated } | undefined {
  const others = pod.status?.initContainerStatuses?.filter((status) => !isOwnContainer(status)) ?? [];
  return firstFailed(others, ({ exitCode }) => exitCode !== 0);
}

function firstFailed(
  statuses: ContainerStatus[],
  hasFailed: (end: Terminated) => boolean,
): { container: string; end: Terminated } | undefined {
  for (const { name, state } of statuses) {
    const end = state?.terminated;
    if (end && hasFailed(end)) return { container: name, end };
  }
  return undefined;
}

/** Whether the pod's work is done, well or not: what its node still does to it is no work of ours. */
export function isWorkDone(pod: Pod): boolean {
  return isPodFinished(pod) || mainEnd(pod) !== undefined || failedInit(pod) !== undefined;
}

/**
 * Whether something keeps a pod from its end when its work is done: a container that others have added, or a node that does
 * no more. A native sidecar is ended by the node itself.
 */
export function isHeldOpen(pod: Pod): boolean {
  if (isPodFinished(pod)) return false;
  const failed = failedInit(pod);
  if (failed) return isStuckAfter(failed.end);
  const others = pod.status?.containerStatuses?.filter((status) => !isOwnContainer(status)) ?? [];
  return mainEnd(pod) !== undefined && others.some(({ state }) => state?.running);
}

/** What the container that made a run's worktree reports about the remote: when it was asked, or why not. */
export function worktreeFetch(pod: Pod): { at?: string; problem?: string } | undefined {
  const made = pod.status?.initContainerStatuses?.find(({ name }) => name === GIT_WORKTREE_CONTAINER);
  const end = made?.state?.terminated;
  const report = end && parseFetchReport(end.message ?? "");
  if (!report) return undefined;
  return report.fetched ? { at: end.finishedAt } : { problem: report.message };
}

export interface WaitingContainer {
  container: string;
  image: string;
  reason: string;
  message: string;
}

/** The own container, or that of a service, that waits for its own reason, not merely for its turn. */
export function waitingContainer(pod: Pod): WaitingContainer | undefined {
  const ordinary = new Set(["PodInitializing", "ContainerCreating", ""]);
  const inits = hasBegun(pod) ? [] : (pod.status?.initContainerStatuses ?? []);
  const services = inits.filter((status) => serviceOf(status) !== undefined);
  return [...ownContainers(pod), ...services].flatMap(waitingOf).find(({ reason }) => !ordinary.has(reason));
}

/** The own container whose turn it is to start. */
export function nextContainer(pod: Pod): WaitingContainer | undefined {
  return ownContainers(pod).flatMap(waitingOf)[0];
}

function waitingOf({ name, image, state }: ContainerStatus): WaitingContainer[] {
  const { waiting } = state ?? {};
  if (!waiting) return [];
  return [{ container: name, image, reason: waiting.reason ?? "", message: waiting.message ?? "" }];
}

/** Whether none of the own containers runs: none has started yet, or all have ended. */
export function noneRunning(pod: Pod): boolean {
  return ownContainers(pod).every(({ state }) => !state?.running);
}

export function isPodFinished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** Why the pod has no node, if it has none and the scheduler has said so. */
export function unschedulable(pod: Pod): string | undefined {
  const condition = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (condition?.status !== "False" || pod.spec.nodeName !== undefined) return undefined;
  return condition.message ?? condition.reason ?? "no node takes the pod";
}

/** What Kubernetes says of a pod that it removed itself. */
export function disruption(pod: Pod): string | undefined {
  if (pod.status?.reason === "Evicted") return pod.status.message ?? "the node evicted the pod";
  const target = pod.status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  return target && `${target.reason ?? "Disruption"}: ${target.message ?? "the pod was disrupted"}`;
}

/** When the pod began what it is doing now: the end of its last own init container, else its own start. */
export function stepStartedAt(pod: Pod, fallback: number): number {
  const ends = ownInits(pod).map(({ state }) => state?.terminated?.finishedAt);
  return (
    Math.max(
      ...[pod.status?.startTime ?? pod.metadata.creationTimestamp, ...ends].map((at) => timeOf(at, 0)),
    ) || fallback
  );
}
