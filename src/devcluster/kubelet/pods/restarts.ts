import type { Container, ContainerState, Pod } from "../../../kube/builtin.ts";
import type { ContainerRecord } from "./status.ts";

/** Pauses that double from the first to the longest. */
export interface Backoff {
  firstMs: number;
  longestMs: number;
}

/** Between tries of what keeps a container or a pod from being made. */
export const CONFIG_BACKOFF: Backoff = { firstMs: 500, longestMs: 5000 };
/** Between restarts of a container. */
export const RESTART_BACKOFF: Backoff = { firstMs: 10_000, longestMs: 300_000 };
/** A container that ran this long starts its back-off again. */
export const STABLE_AFTER_MS = 600_000;

/** The pause after one of `beforeMs`; undefined: the first. */
export function nextPauseMs(backoff: Backoff, beforeMs: number | undefined): number {
  return beforeMs === undefined ? backoff.firstMs : Math.min(beforeMs * 2, backoff.longestMs);
}

/** The restart policy that counts for a container: an init container runs until it succeeds, a sidecar always. */
export function restartPolicyOf(pod: Pod, { isInit, isSidecar }: ContainerRecord): string {
  if (isSidecar) return "Always";
  const policy = pod.spec.restartPolicy ?? "Always";
  return isInit && policy === "Always" ? "OnFailure" : policy;
}

/** Whether a container that ended with this code is to be started again. */
export function isRestarted(policy: string, exitCode: number): boolean {
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

/** The state of a container that waits to be restarted. */
export function crashLoopState(pod: Pod, container: Container, delayMs: number): ContainerState {
  const { name, namespace, uid } = pod.metadata;
  const whose = `container=${container.name} pod=${name}_${namespace}(${uid})`;
  const message = `back-off ${delayMs / 1000}s restarting failed ${whose}`;
  return { waiting: { reason: "CrashLoopBackOff", message } };
}
