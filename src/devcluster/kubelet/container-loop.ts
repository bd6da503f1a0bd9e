import { ContainerConfigError } from "./pods/environment.ts";
import {
  crashLoopState,
  isRestarted,
  nextPauseMs,
  RESTART_BACKOFF,
  restartPolicyOf,
  STABLE_AFTER_MS,
} from "./pods/restarts.ts";
import type { ContainerRecord } from "./pods/status.ts";
import { startErrorMessage } from "./pods/termination.ts";
import { timestamp } from "../time.ts";
import { watchHealth } from "./container-health.ts";
import { runContainer, type ContainerRun } from "./container-run.ts";
import { pause, retry, type PodContext } from "./pod-context.ts";
import { VolumeError } from "./volumes.ts";

/** Starts the container as soon as its configuration can be met; undefined when the pod is to end first. */
function startWhenPossible(context: PodContext, record: ContainerRecord): Promise<ContainerRun | undefined> {
  const { node, pod, volumes, stopping } = context;
  const start = async (): Promise<ContainerRun> => {
    const run = await runContainer(node, pod, record.container, volumes, record.restartCount);
    context.onRun(record, run);
    await run.started;
    return run;
  };
  return retry(
    stopping,
    () => node.starting(start),
    (error) => {
      const message = error instanceof Error ? error.message : String(error);
      const isConfig = error instanceof ContainerConfigError || error instanceof VolumeError;
      const reason = isConfig ? "CreateContainerConfigError" : "CreateContainerError";
      if (record.state.waiting?.message !== message)
        context.tell(record, "Warning", "Failed", `Error: ${message}`);
      record.state = { waiting: { reason, message } };
      context.onChange();
    },
  );
}

/** Runs the container once. Resolves to its exit code, or to undefined when it was never started. */
async function runOnce(context: PodContext, record: ContainerRecord): Promise<number | undefined> {
  const run = await startWhenPossible(context, record);
  if (run === undefined) return undefined;
  record.containerID = run.containerID;
  const start = await run.started;
  if (start.started) {
    record.state = { running: { startedAt: timestamp(new Date()) } };
    context.tell(record, "Normal", "Started", `Started container ${record.container.name}`);
    void watchHealth(context, record, run);
  } else {
    context.tell(record, "Warning", "Failed", `Error: ${startErrorMessage(start.message)}`);
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
  const policy = restartPolicyOf(pod, record);
  for (let pauseMs: number | undefined; ;) {
    const before = record.state.terminated;
    if (before !== undefined) {
      if (!isRestarted(policy, before.exitCode)) return before.exitCode === 0;
      if (stopping.aborted) return false;
      record.lastState = { terminated: before };
      if (record.restartCount > 0) {
        pauseMs = nextPauseMs(RESTART_BACKOFF, pauseMs);
        record.state = crashLoopState(pod, record.container, pauseMs);
        context.onChange();
        const message = `Back-off restarting failed container ${record.container.name}`;
        context.tell(record, "Warning", "BackOff", message);
        await pause(pauseMs, stopping);
      }
      if (stopping.aborted) {
        record.state = { terminated: before };
        return false;
      }
      record.restartCount += 1;
    }
    const startedMs = performance.now();
    if ((await runOnce(context, record)) === undefined) return false;
    if (performance.now() - startedMs > STABLE_AFTER_MS) pauseMs = undefined;
  }
}
