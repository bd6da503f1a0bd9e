import type { Container, ContainerState, ContainerStatus, Pod, PodCondition } from "../../../kube/builtin.ts";

/** What the kubelet knows about one container of a pod. */
export interface ContainerRecord {
  container: Container;
  isInit: boolean;
  /** An init container that runs beside the pod's containers: it is restarted, and ended after them. */
  isSidecar: boolean;
  state: ContainerState;
  lastState: ContainerState;
  restartCount: number;
  containerID: string | undefined;
  /** What its probes say of it while it runs. */
  health: { started: boolean; ready: boolean };
}

/** The container's place in the pod, as events name it. */
export function fieldPathOf({ container, isInit }: ContainerRecord): string {
  return `spec.${isInit ? "initContainers" : "containers"}{${container.name}}`;
}

/** What is true of the pod as a whole. */
export interface PodFacts {
  startTime: string;
  /** Set when the pod's sandbox could be made: volumes are there. */
  podIP: string | undefined;
  hostIP: string;
  /** The kubelet itself ends the containers, or all is torn down after their end: a final phase may be shown. */
  isSettled: boolean;
  /** Why the pod as a whole was ended, e.g. DeadlineExceeded; shown when its containers have ended. */
  ending: { reason: string; message: string } | undefined;
}

/** Why a kubelet ends a pod as a whole. */
export const ENDINGS = {
  deadline: {
    reason: "DeadlineExceeded",
    message: "Pod was active on the node longer than the specified deadline",
  },
  shutdown: {
    reason: "Terminated",
    message: "Pod was terminated in response to imminent node shutdown.",
  },
} as const;

/** Milliseconds until a pod that began at `startMs` has been active for too long; undefined when it may for ever. */
export function deadlineLeftMs(pod: Pod, startMs: number, nowMs: number): number | undefined {
  const seconds = pod.spec.activeDeadlineSeconds;
  return seconds === undefined ? undefined : startMs + seconds * 1000 - nowMs;
}

/** How a container ends that was never made, if its pod is deleted once it is initialized. */
const LOST: ContainerState = {
  terminated: {
    exitCode: 137,
    reason: "ContainerStatusUnknown",
    message: "The container could not be located when the pod was terminated",
  },
};

type PodStatus = NonNullable<Pod["status"]>;
type Phase = NonNullable<PodStatus["phase"]>;

/** The state of a container that has not been started yet. */
export function waitingState(hasInitContainers: boolean): ContainerState {
  return { waiting: { reason: hasInitContainers ? "PodInitializing" : "ContainerCreating" } };
}

function hasSucceeded(record: ContainerRecord): boolean {
  return record.state.terminated?.exitCode === 0;
}

function statusOf(record: ContainerRecord): ContainerStatus {
  const { container, state, isInit } = record;
  const isRunning = state.running !== undefined;
  return {
    name: container.name,
    state,
    lastState: record.lastState,
    ready: isInit && !record.isSidecar ? hasSucceeded(record) : isRunning && record.health.ready,
    restartCount: record.restartCount,
    image: container.image ?? "",
    imageID: "",
    started: isRunning && record.health.started,
    ...(record.containerID !== undefined && { containerID: record.containerID }),
  };
}

/** A sidecar is through with its part of the start as soon as it has started. */
function isInitialized(record: ContainerRecord): boolean {
  if (!record.isSidecar) return hasSucceeded(record);
  return record.restartCount > 0 || record.health.started;
}

function isOver(record: ContainerRecord, restartPolicy: string): boolean {
  if (record.state.terminated === undefined) return false;
  return restartPolicy === "Never" || (restartPolicy === "OnFailure" && hasSucceeded(record));
}

function isUnmade({ state, lastState }: ContainerRecord): boolean {
  return state.waiting !== undefined && lastState.terminated === undefined;
}

function phaseOf(records: readonly ContainerRecord[], restartPolicy: string): Phase {
  const inits = records.filter(({ isInit, isSidecar }) => isInit && !isSidecar);
  const mains = records.filter(({ isInit }) => !isInit);
  if (
    restartPolicy === "Never" &&
    inits.some((one) => one.state.terminated !== undefined && !hasSucceeded(one))
  ) {
    return "Failed";
  }
  if (!inits.every(hasSucceeded) || mains.some(isUnmade)) return "Pending";
  if (!mains.every((one) => isOver(one, restartPolicy)) || isStillRunning(records)) return "Running";
  return mains.every(hasSucceeded) ? "Succeeded" : "Failed";
}

function isStillRunning(records: readonly ContainerRecord[]): boolean {
  return records.some(({ state }) => state.running !== undefined);
}

/** The phase that the pod comes to, its containers being as recorded. */
export function podPhase(records: readonly ContainerRecord[], restartPolicy: string, facts: PodFacts): Phase {
  return facts.ending === undefined ? phaseOf(records, restartPolicy) : "Failed";
}

function isFinal(phase: Phase): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

/** A final phase is shown when nothing runs any more and all is torn down; until then, the phase before it. */
function shownPhase(records: readonly ContainerRecord[], phase: Phase, facts: PodFacts): Phase {
  if (!isFinal(phase) || (facts.isSettled && !isStillRunning(records))) return phase;
  const hasRun = ({ isInit, state, lastState }: ContainerRecord): boolean =>
    !isInit &&
    (state.running !== undefined ||
      lastState.terminated !== undefined ||
      (state.terminated !== undefined && state.terminated.reason !== "StartError"));
  return records.some(hasRun) ? "Running" : "Pending";
}

/** Whether the pod's sandbox is gone: with the end of its last sidecar, or when the pod's end is shown. */
function isTornDown(records: readonly ContainerRecord[], phase: Phase, facts: PodFacts): boolean {
  if (!isFinal(phase) || isStillRunning(records)) return false;
  return (
    facts.isSettled || records.some(({ isSidecar, state }) => isSidecar && state.terminated !== undefined)
  );
}

type Verdict = Pick<PodCondition, "status" | "reason" | "message">;

const TRUE: Verdict = { status: "True" };

function readiness(records: readonly ContainerRecord[], phase: Phase): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const unready = records.filter((one) => (!one.isInit || one.isSidecar) && !statusOf(one).ready);
  if (unready.length === 0) return TRUE;
  const names = unready.map(({ container }) => container.name).join(" ");
  return {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${names}]`,
  };
}

function initialization(records: readonly ContainerRecord[], phase: Phase): Verdict {
  const incomplete = records.filter((one) => one.isInit && !isInitialized(one));
  if (incomplete.length === 0)
    return phase === "Succeeded" ? { status: "True", reason: "PodCompleted" } : TRUE;
  const names = incomplete.map(({ container }) => container.name).join(" ");
  return {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${names}]`,
  };
}

function conditionsOf(
  pod: Pod,
  records: readonly ContainerRecord[],
  phase: Phase,
  facts: PodFacts,
  now: string,
) {
  const before = pod.status?.conditions ?? [];
  const hasSandbox = facts.podIP !== undefined && !isTornDown(records, phase, facts);
  const own: [type: string, verdict: Verdict][] = [
    ["PodReadyToStartContainers", { status: hasSandbox ? "True" : "False" }],
    ["Initialized", initialization(records, phase)],
    ["Ready", readiness(records, phase)],
    ["ContainersReady", readiness(records, phase)],
  ];
  const names = new Set(own.map(([type]) => type));
  const conditions: PodCondition[] = own.map(([type, verdict]) => {
    const known = before.find((condition) => condition.type === type);
    const since = known?.status === verdict.status ? known.lastTransitionTime : undefined;
    return { type, ...verdict, lastTransitionTime: since ?? now };
  });
  return [...conditions, ...before.filter(({ type }) => !names.has(type))];
}

/** The pod's whole status; `pod` gives what others wrote into it. `now` is RFC 3339 in seconds. */
export function podStatus(
  pod: Pod,
  records: readonly ContainerRecord[],
  facts: PodFacts,
  now: string,
): PodStatus {
  // Of a pod that the kubelet itself ends nothing is restarted.
  const policy = facts.isSettled ? "Never" : (pod.spec.restartPolicy ?? "Always");
  const isLost = pod.metadata.deletionTimestamp !== undefined && facts.isSettled && !isStillRunning(records);
  const before = podPhase(records, policy, facts);
  const phase = isLost && !isFinal(before) ? "Failed" : before;
  const wasInitialized = records.every((one) => !one.isInit || isInitialized(one));
  const ips = facts.podIP === undefined ? {} : { podIP: facts.podIP, podIPs: [{ ip: facts.podIP }] };
  const inits = records.filter(({ isInit }) => isInit).map(statusOf);
  const shown = shownPhase(records, phase, facts);
  return {
    ...pod.status,
    ...(isFinal(shown) && facts.ending),
    ...ips,
    phase: shown,
    hostIP: facts.hostIP,
    startTime: facts.startTime,
    conditions: conditionsOf(pod, records, phase, facts, now),
    ...(inits.length > 0 && { initContainerStatuses: inits }),
    containerStatuses: records
      .filter(({ isInit }) => !isInit)
      .map((one) => ({
        ...statusOf(one),
        ...(isLost && wasInitialized && isUnmade(one) && { state: LOST }),
      })),
  };
}
