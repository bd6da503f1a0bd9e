import type { Container, ContainerStatus, Pod } from "../../../kube/builtin.ts";
import { waitingState, type ContainerRecord } from "./status.ts";

/** What is said of a container that ran when the cluster was killed: its real end is not known. */
const UNKNOWN_EXIT_CODE = 255;

function record(
  container: Container,
  isInit: boolean,
  hasInitContainers: boolean,
  known: ContainerStatus | undefined,
  now: string,
): ContainerRecord {
  const health = { started: false, ready: false };
  const isSidecar = isInit && container.restartPolicy === "Always";
  const fresh = {
    container,
    isInit,
    isSidecar,
    health,
    lastState: {},
    restartCount: 0,
    containerID: undefined,
  };
  if (known?.state === undefined) return { ...fresh, state: waitingState(hasInitContainers) };
  const { state, lastState = {}, restartCount, containerID } = known;
  const kept = { container, isInit, isSidecar, health, lastState, restartCount, containerID };
  if (state.terminated !== undefined) return { ...kept, state };
  if (state.running === undefined) return { ...kept, state: waitingState(hasInitContainers) };
  const terminated = {
    exitCode: UNKNOWN_EXIT_CODE,
    reason: "Unknown",
    message: "the cluster was stopped while the container ran; its exit code is not known",
    ...(state.running.startedAt !== undefined && { startedAt: state.running.startedAt }),
    finishedAt: now,
    ...(containerID !== undefined && { containerID }),
  };
  return { ...kept, state: { terminated } };
}

/** The containers of a pod, as its status leaves them: a new pod's all wait, what ran before a crash has ended. */
export function initialRecords(pod: Pod, now: string): ContainerRecord[] {
  const inits = pod.spec.initContainers ?? [];
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const make = (isInit: boolean, statuses: ContainerStatus[]) => (container: Container) => {
    const known = statuses.find(({ name }) => name === container.name);
    return record(container, isInit, inits.length > 0, known, now);
  };
  return [
    ...inits.map(make(true, initContainerStatuses)),
    ...pod.spec.containers.map(make(false, containerStatuses)),
  ];
}
