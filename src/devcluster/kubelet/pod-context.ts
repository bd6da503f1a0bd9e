import { setTimeout as sleep } from "node:timers/promises";
import type { Pod } from "../../kube/builtin.ts";
import { CONFIG_BACKOFF, nextPauseMs } from "./pods/restarts.ts";
import type { ContainerRecord } from "./pods/status.ts";
import type { ContainerRun } from "./container-run.ts";
import type { LocalNode } from "./node.ts";
import type { ReadyVolume } from "./volumes.ts";

/** What the containers of a pod share. */
export interface PodContext {
  node: LocalNode;
  pod: Pod;
  /** The volumes of the pod, by name. */
  volumes: ReadonlyMap<string, ReadyVolume>;
  /** Aborted when the pod is to end: nothing is started any more. */
  stopping: AbortSignal;
  /** Called while a container runs, so that it can be ended. */
  onRun(record: ContainerRecord, run: ContainerRun): void;
  /** Called after every change of a record. */
  onChange(): void;
  /** Resolves when the changes so far are written. */
  written(): Promise<void>;
  /** Tells users what happened to a container. */
  recordEvent(record: ContainerRecord, type: "Normal" | "Warning", reason: string, message: string): void;
}

/** Waits; resolves early when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * Tries until `attempt` does not throw, with growing pauses; `onFailure` gets the error, and may rethrow.
 * Resolves to undefined when the signal aborts first.
 */
export async function retry<T>(
  signal: AbortSignal,
  attempt: () => Promise<T>,
  onFailure: (error: unknown) => void,
): Promise<T | undefined> {
  for (let pauseMs: number | undefined; !signal.aborted;) {
    try {
      return await attempt();
    } catch (error) {
      onFailure(error);
    }
    await pause((pauseMs = nextPauseMs(CONFIG_BACKOFF, pauseMs)), signal);
  }
  return undefined;
}
