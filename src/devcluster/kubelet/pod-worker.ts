import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isApiError } from "../../client/errors.ts";
import { pods, type Pod } from "../../kube/builtin.ts";
import { initialRecords } from "../../kube/pods/records.ts";
import { podPhase, podStatus, type ContainerRecord, type PodFacts } from "../../kube/pods/status.ts";
import type { ContainerLog } from "./container-log.ts";
import { pause, runToEnd, type PodContext } from "./container-loop.ts";
import type { ContainerProcess } from "./container-process.ts";
import { timestamp, volumeSources } from "./container-run.ts";
import type { LocalNode } from "./node.ts";
import { createStatusWriter } from "./status-writer.ts";
import { setUpVolumes, type ReadyVolume } from "./volumes.ts";

const DEADLINE = {
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
};
const SHUTDOWN = {
  reason: "Terminated",
  message: "Pod was terminated in response to imminent node shutdown.",
};
const DEFAULT_GRACE_SECONDS = 30;
const FIRST_VOLUME_RETRY_MS = 500;
const LONGEST_VOLUME_RETRY_MS = 5000;

/** One pod of this machine, from its start to the end of its last container. */
export interface PodWorker {
  /** Tells of a newer version of the pod: its deletion may have been asked for. */
  update(pod: Pod): void;
  /** The log that is being written, by path. */
  liveLog(path: string): ContainerLog | undefined;
  /** The object is gone: ends what still runs, at once, and removes what was kept. */
  forget(): Promise<void>;
  /** The cluster stops: ends the containers within `graceSeconds` and says so in the pod's status. */
  shutDown(graceSeconds: number): Promise<void>;
}

/** Ends running containers: asks, then forces when the grace period is over. */
function createStopper(running: ReadonlyMap<ContainerRecord, ContainerProcess>) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    for (const process of running.values()) process.kill();
  };
  return {
    signal: controller.signal,
    /** Calling again can only shorten what is left of the grace period. */
    stop(graceSeconds: number, tell: (record: ContainerRecord) => void): void {
      const isFirst = !controller.signal.aborted;
      controller.abort();
      clearTimeout(timer);
      if (graceSeconds <= 0) kill();
      else timer = setTimeout(kill, graceSeconds * 1000);
      if (!isFirst) return;
      for (const [record, process] of running) {
        tell(record);
        process.terminate();
      }
    },
    /** For a container that was being started when the pod was told to stop. */
    onRun(process: ContainerProcess): void {
      if (controller.signal.aborted) process.kill();
    },
    done(): void {
      clearTimeout(timer);
    },
  };
}

/** Follows one pod that is bound to this node. The pod runs from the moment of the call. */
export function startPodWorker(node: LocalNode, first: Pod): PodWorker {
  let pod = first;
  const { namespace = "", name = "", uid = "" } = first.metadata;
  const directory = join(node.podsDirectory, uid);
  const records = initialRecords(first, timestamp());
  const running = new Map<ContainerRecord, ContainerProcess>();
  const logs = new Map<string, ContainerLog>();
  const stopper = createStopper(running);
  const facts: PodFacts = {
    startTime: first.status?.startTime ?? timestamp(),
    podIP: undefined,
    hostIP: node.ip,
    ending: undefined,
  };
  // Known exactly for a new pod; its status has whole seconds only.
  const startMs = first.status?.startTime === undefined ? Date.now() : Date.parse(first.status.startTime);
  const gone = new AbortController();
  let deadline: NodeJS.Timeout | undefined;
  let isRemoving = false;

  const tell = (type: "Normal" | "Warning", reason: string, message: string, record?: ContainerRecord) =>
    node.recordEvent(pods, pod, {
      type,
      reason,
      message,
      ...(record !== undefined && {
        fieldPath: `spec.${record.isInit ? "initContainers" : "containers"}{${record.container.name}}`,
      }),
    });
  const writer = createStatusWriter(node.client, first, () => podStatus(pod, records, facts, timestamp()));
  const publish = (): void => {
    if (!gone.signal.aborted) writer.write();
  };
  const stop = (graceSeconds: number): void =>
    stopper.stop(graceSeconds, (record) =>
      tell("Normal", "Killing", `Stopping container ${record.container.name}`, record),
    );
  const phase = () => podPhase(records, pod.spec.restartPolicy ?? "Always", facts);
  const isOver = (): boolean => phase() === "Failed" || phase() === "Succeeded";

  const watchDeadline = (): void => {
    const seconds = pod.spec.activeDeadlineSeconds;
    if (seconds === undefined || facts.ending !== undefined) return;
    clearTimeout(deadline);
    const leftMs = startMs + seconds * 1000 - Date.now();
    const expire = (): void => {
      facts.ending = DEADLINE;
      tell("Normal", DEADLINE.reason, DEADLINE.message);
      publish();
      stop(pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    };
    deadline = setTimeout(expire, Math.min(Math.max(leftMs, 0), 2 ** 31 - 1));
  };

  const volumesWhenPossible = async (): Promise<ReadonlyMap<string, ReadyVolume> | undefined> => {
    for (let retryMs = FIRST_VOLUME_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_VOLUME_RETRY_MS)) {
      if (stopper.signal.aborted) return undefined;
      try {
        const sources = volumeSources(node, namespace);
        return await setUpVolumes(pod, join(directory, "volumes"), node.sandbox.changesUser, sources);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        tell("Warning", "FailedMount", message);
      }
      await pause(retryMs, stopper.signal);
    }
  };

  const run = async (): Promise<void> => {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    watchDeadline();
    publish();
    const volumes = await volumesWhenPossible();
    if (volumes === undefined) return;
    facts.podIP = node.ip;
    const image = pod.spec.containers[0]?.image ?? "";
    const says = `Image ${JSON.stringify(image)} is not pulled: containers run the programs of this machine`;
    tell("Normal", "ImageNotPulled", says);
    const context: PodContext = {
      node,
      pod,
      volumes,
      stopping: stopper.signal,
      onChange: publish,
      tell: (record, type, reason, message) => tell(type, reason, message, record),
      onRun(record, containerRun) {
        running.set(record, containerRun.process);
        logs.set(containerRun.log.path, containerRun.log);
        void containerRun.ended.finally(() => running.delete(record));
        stopper.onRun(containerRun.process);
      },
    };
    for (const record of records.filter(({ isInit }) => isInit)) {
      if (!(await runToEnd(context, record))) return;
    }
    await Promise.all(records.filter(({ isInit }) => !isInit).map((record) => runToEnd(context, record)));
  };

  /** Removes the object, now that nothing of it runs; whatever finalizers hold it is not the kubelet's concern. */
  const remove = async (): Promise<void> => {
    if (isRemoving || gone.signal.aborted) return;
    isRemoving = true;
    for (let retryMs = 100; !gone.signal.aborted; retryMs = Math.min(retryMs * 2, 5000)) {
      try {
        await node.client.delete(
          pods,
          { namespace, name },
          { gracePeriodSeconds: 0, preconditions: { uid } },
        );
        return;
      } catch (error) {
        if (isApiError(error, "NotFound") || isApiError(error, "Conflict")) return;
        await pause(retryMs, gone.signal);
      }
    }
  };

  const live = async (): Promise<void> => {
    if (!isOver() && first.metadata.deletionTimestamp === undefined) await run();
    clearTimeout(deadline);
    stopper.done();
    if (isOver()) facts.podIP ??= first.status?.podIP;
    publish();
    await writer.flushed();
  };
  const over = live();

  const update = (next: Pod): void => {
    if (next.metadata.uid !== uid) return;
    const isLowered = next.spec.activeDeadlineSeconds !== pod.spec.activeDeadlineSeconds;
    pod = next;
    if (isLowered && !isOver()) watchDeadline();
    if (next.metadata.deletionTimestamp === undefined) return;
    stop(next.metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    void over.then(remove);
  };
  update(first);

  return {
    update,
    liveLog: (path) => logs.get(path),
    async forget() {
      gone.abort();
      stop(0);
      await over;
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    },
    async shutDown(graceSeconds) {
      if (running.size > 0) facts.ending ??= SHUTDOWN;
      stop(graceSeconds);
      await over;
    },
  };
}
