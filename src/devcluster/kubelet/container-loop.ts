import { setTimeout as sleep } from "node:timers/promises";
import type { Pod } from "../../kube/builtin.ts";
import { ContainerConfigError } from "../../kube/pods/environment.ts";
import type { ContainerRecord } from "../../kube/pods/status.ts";
import { runContainer, timestamp, type ContainerRun } from "./container-run.ts";
import type { LocalNode } from "./node.ts";
import { VolumeError, type ReadyVolume } from "./volumes.ts";

const FIRST_CONFIG_RETRY_MS = 500;
const LONGEST_CONFIG_RETRY_MS = 5000;
const FIRST_RESTART_MS = 10_000;
const LONGEST_RESTART_MS = 300_000;
/** A container that ran this long starts its back-off anew. */
const STABLE_AFTER_MS = 600_000;

/** What a container's loop needs of its pod. */
export interface PodContext {
  node: LocalNode;
  pod: Pod;
  volumes: ReadonlyMap<string, ReadyVolume>;
  /** Aborted when the pod is to end: nothing is started any more. */
  stopping: AbortSignal;
  /** Called while a container runs, so that it can be ended. */
  onRun(record: ContainerRecord, run: ContainerRun): void;
  /** Called after every change of a record. */
  onChange(): void;
  /** Tells users what happened to a container. */
  tell(record: ContainerRecord, type: "Normal" | "Warning", reason: string, message: string): void;
}

/** Waits; resolves early when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** Starts the container as soon as its configuration can be met; undefined when the pod is to end first. */
async function startWhenPossible(
  context: PodContext,
  record: ContainerRecord,
): Promise<ContainerRun | undefined> {
  const { node, pod, volumes, stopping } = context;
  for (let retryMs = FIRST_CONFIG_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_CONFIG_RETRY_MS)) {
    if (stopping.aborted) return undefined;
    try {
      return await node.starting(async () => {
        const run = await runContainer(node, pod, record.container, volumes, record.restartCount);
        context.onRun(record, run);
        await run.started;
        return run;
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isConfig = error instanceof ContainerConfigError || error instanceof VolumeError;
      const reason = isConfig ? "CreateContainerConfigError" : "CreateContainerError";
      if (record.state.waiting?.message !== message)
        context.tell(record, "Warning", "Failed", `Error: ${message}`);
      record.state = { waiting: { reason, message } };
      context.onChange();
      await pause(retryMs, stopping);
    }
  }
}

/** Runs the container once. Resolves to undefined when it was never started. */
async function runOnce(context: PodContext, record: ContainerRecord): Promise<number | undefined> {
  const run = await startWhenPossible(context, record);
  if (run === undefined) return undefined;
  const { name } = record.container;
  record.containerID = run.containerID;
  const start = await run.started;
  if (start.started) {
    record.state = { running: { startedAt: timestamp() } };
    context.onChange();
    context.tell(record, "Normal", "Started", `Started container ${name}`);
  } else {
    context.tell(record, "Warning", "Failed", `Error: ${start.message}`);
  }
  const terminated = await run.ended;
  record.state = { terminated };
  context.onChange();
  return terminated.exitCode;
}

/**
 * Runs a container until its pod's restart policy is content, with the kubelet's back-off between
 * restarts. Resolves to whether it succeeded.
 */
export async function runToEnd(context: PodContext, record: ContainerRecord): Promise<boolean> {
  const { pod, stopping } = context;
  const policy = pod.spec.restartPolicy ?? "Always";
  for (let delayMs = FIRST_RESTART_MS; ;) {
    const before = record.state.terminated;
    if (before !== undefined) {
      const ok = before.exitCode === 0;
      if (policy === "Never" || (ok && (policy === "OnFailure" || record.isInit))) return ok;
      if (stopping.aborted) return false;
      record.lastState = { terminated: before };
      const message = `back-off ${delayMs / 1000}s restarting failed container=${record.container.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
      if (record.restartCount > 0) {
        record.state = { waiting: { reason: "CrashLoopBackOff", message } };
        context.onChange();
        context.tell(
          record,
          "Warning",
          "BackOff",
          `Back-off restarting failed container ${record.container.name}`,
        );
        await pause(delayMs, stopping);
        delayMs = Math.min(delayMs * 2, LONGEST_RESTART_MS);
      }
      if (stopping.aborted) {
        record.state = { terminated: before };
        return false;
      }
      record.restartCount += 1;
    }
    const startedMs = performance.now();
    if ((await runOnce(context, record)) === undefined) return false;
    if (performance.now() - startedMs > STABLE_AFTER_MS) delayMs = FIRST_RESTART_MS;
  }
}
