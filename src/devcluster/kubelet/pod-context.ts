import { setTimeout as sleep } from "node:timers/promises";
import type { Pod } from "../../kube/builtin.ts";
import type { ContainerRecord } from "../../kube/pods/status.ts";
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
  /** Tells users what happened to a container. */
  tell(record: ContainerRecord, type: "Normal" | "Warning", reason: string, message: string): void;
}

/** Waits; resolves early when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
