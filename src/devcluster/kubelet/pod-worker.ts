import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { unlessRefused } from "../../client/errors.ts";
import { createStatusWriter } from "../../client/status-writer.ts";
import { pods, type Pod } from "../../kube/builtin.ts";
import { notSupported } from "../core-events.ts";
import { locationOf } from "../../kube/objects.ts";
import { unsupportedParts } from "./pods/probes.ts";
import { initialRecords } from "./pods/records.ts";
import {
  deadlineLeftMs,
  ENDINGS,
  fieldPathOf,
  podPhase,
  podStatus,
  type ContainerRecord,
  type PodFacts,
} from "./pods/status.ts";
import { timestamp } from "../../kube/time.ts";
import { stopContainer } from "./container-health.ts";
import type { ContainerLog } from "./container-log.ts";
import type { ContainerRun } from "./container-run.ts";
import type { LocalNode } from "./node.ts";
import { pause, retry, type PodContext } from "./pod-context.ts";
import { createSidecars, runInOrder } from "./sidecars.ts";
import { setUpVolumes } from "./volumes.ts";

const DEFAULT_GRACE_SECONDS = 30;
/** Also when a pod is deleted at once, for as long as something holds it. */
const SHORTEST_GRACE_SECONDS = 2;
/** Between the end of the last container and the pod's final phase. A real kubelet takes 1.1 to 1.5 s. */
const TEAR_DOWN_MS = 100;
/** Between the look that finds a deadline passed and the one that ends the containers. A real kubelet takes 0.7 s. */
const DEADLINE_KILL_MS = 100;

/** One pod of this machine, from its start to the end of its last container. */
export interface PodWorker {
  /** Tells of a newer version of the pod: its deletion may have been asked for. */
  update(pod: Pod): void;
  /** The log that is being written, by path. */
  liveLog(path: string): ContainerLog | undefined;
  /** What runs of a container, by its name. */
  runOf(container: string): ContainerRun | undefined;
  /** The object is gone: ends what still runs, at once, and removes what was kept. */
  forget(): Promise<void>;
  /** The cluster stops: ends the containers within `graceSeconds` and says so in the pod's status. */
  shutDown(graceSeconds: number): Promise<void>;
}

/** Follows one pod that is bound to this node. The pod runs from the moment of the call. */
export function startPodWorker(node: LocalNode, first: Pod): PodWorker {
  let pod = first;
  const { uid = "" } = first.metadata;
  const directory = join(node.podsDirectory, uid);
  const records = initialRecords(first, timestamp(new Date()));
  const running = new Map<ContainerRecord, ContainerRun>();
  const logs = new Map<string, ContainerLog>();
  const stopping = new AbortController();
  const gone = new AbortController();
  const facts: PodFacts = {
    startTime: first.status?.startTime ?? timestamp(new Date()),
    podIP: undefined,
    hostIP: node.ip,
    isSettled: false,
    ending: undefined,
  };
  // Known exactly for a new pod; its status has whole seconds only.
  const startMs = first.status?.startTime === undefined ? Date.now() : Date.parse(first.status.startTime);
  let deadline: NodeJS.Timeout | undefined;
  let removing: Promise<unknown> | undefined;

  const recordEvent = (
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    about?: ContainerRecord,
  ): void => {
    const part = about && { fieldPath: fieldPathOf(about) };
    node.recordEvent(pods, pod, { type, reason, message, ...part });
  };
  const writer = createStatusWriter(node.client, pods, first, () =>
    podStatus(pod, records, facts, timestamp(new Date())),
  );
  const publish = (): void => {
    // When the kubelet ends a pod, the ends of all its containers are shown together.
    if (!gone.signal.aborted && !(stopping.signal.aborted && running.size > 0)) writer.write();
  };
  const isOver = (): boolean => {
    const phase = podPhase(records, pod.spec.restartPolicy ?? "Always", facts);
    return phase === "Failed" || phase === "Succeeded";
  };
  const context: PodContext = {
    node,
    get pod() {
      return pod;
    },
    volumes: new Map(),
    stopping: stopping.signal,
    onChange: publish,
    written: () => writer.flushed(),
    recordEvent: (record, type, reason, message) => recordEvent(type, reason, message, record),
    onRun(record, run) {
      running.set(record, run);
      logs.set(run.log.path, run.log);
      void run.ended.finally(() => running.delete(record));
      // It was being started when the pod was asked to stop.
      if (stopping.signal.aborted) run.stop(0);
    },
  };
  const stop = (graceSeconds: number): void => {
    const isFirst = !stopping.signal.aborted;
    facts.isSettled = true;
    stopping.abort();
    for (const [record, run] of running) {
      if (isFirst) stopContainer(context, record, run, graceSeconds);
      else run.stop(graceSeconds);
    }
  };

  const watchDeadline = (): void => {
    const leftMs = deadlineLeftMs(pod, startMs, Date.now());
    if (leftMs === undefined || facts.ending !== undefined) return;
    clearTimeout(deadline);
    const expire = (): void => {
      facts.ending = ENDINGS.deadline;
      recordEvent("Normal", ENDINGS.deadline.reason, ENDINGS.deadline.message);
      publish();
      const kill = (): void => stop(pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
      deadline = setTimeout(kill, DEADLINE_KILL_MS);
    };
    deadline = setTimeout(expire, Math.min(Math.max(leftMs, 0), 2 ** 31 - 1));
  };

  const makeVolumes = () =>
    retry(
      stopping.signal,
      () => setUpVolumes(node, pod, join(directory, "volumes")),
      (error) =>
        recordEvent("Warning", "FailedMount", error instanceof Error ? error.message : String(error)),
    );

  const run = async (): Promise<void> => {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    watchDeadline();
    publish();
    const volumes = await makeVolumes();
    if (volumes === undefined) return;
    context.volumes = volumes;
    facts.podIP = node.ip;
    const image = JSON.stringify(pod.spec.containers[0]?.image ?? "");
    const runsHere = "containers run the programs of this machine";
    recordEvent("Normal", "ImageNotPulled", `Image ${image} is not pulled: ${runsHere}`);
    for (const part of unsupportedParts(pod)) node.recordEvent(pods, pod, notSupported(part));
    const sidecars = createSidecars(context, running);
    await runInOrder(context, records, sidecars);
    await sidecars.stop();
  };

  /** Removes the object, now that nothing of it runs; whatever finalizers hold it is not the kubelet's concern. */
  const remove = () => {
    const deletion = { gracePeriodSeconds: 0, preconditions: { uid } };
    const request = () =>
      unlessRefused(node.client.delete(pods, locationOf(first), deletion), "NotFound", "Conflict");
    return retry(gone.signal, request, () => undefined);
  };

  const live = async (): Promise<void> => {
    if (!isOver() && first.metadata.deletionTimestamp === undefined) await run();
    clearTimeout(deadline);
    if (isOver()) facts.podIP ??= first.status?.podIP;
    if (!stopping.signal.aborted) {
      publish();
      await writer.flushed();
      await pause(TEAR_DOWN_MS, stopping.signal);
    }
    facts.isSettled = true;
    publish();
    await writer.flushed();
  };
  const over = live();

  const update = (next: Pod): void => {
    const isLowered = next.spec.activeDeadlineSeconds !== pod.spec.activeDeadlineSeconds;
    pod = next;
    if (isLowered && !isOver()) watchDeadline();
    if (next.metadata.deletionTimestamp === undefined) return;
    stop(Math.max(next.metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS, SHORTEST_GRACE_SECONDS));
    removing ??= over.then(remove);
  };
  update(first);

  return {
    update,
    liveLog: (path) => logs.get(path),
    runOf: (name) => [...running].find(([{ container }]) => container.name === name)?.[1],
    async forget() {
      gone.abort();
      stop(0);
      await over;
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    },
    async shutDown(graceSeconds) {
      if (running.size > 0) facts.ending ??= ENDINGS.shutdown;
      stop(graceSeconds);
      await over;
    },
  };
}
