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
import { timestamp } from "../../kube/time.ts";
import { watchHealth } from "./container-health.ts";
import { runContainer, type ContainerRun } from "./container-run.ts";
import { pause, retry, type PodContext } from "./pod-context.ts";
import { VolumeError } from "./volumes.ts";

/** After so long a kubelet looks again at a pod with a container in back-off. */
const RESYNC_MS = 10_000;

/** Starts the container as soon as its configuration can be met; undefined when the pod is to end first. */
function startWhenPossible(
  context: PodContext,
  record: ContainerRecord,
  onTried: () => void,
): Promise<ContainerRun | undefined> {
  const { node, pod, volumes, stopping } = context;
  const start = async (): Promise<ContainerRun> => {
    const run = await runContainer(node, pod, record.container, volumes, record.restartCount);
    context.recordEvent(record, "Normal", "Created", "Container created");
    context.onRun(record, run);
    await run.started;
    onTried();
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
        context.recordEvent(record, "Warning", "Failed", `Error: ${message}`);
      record.state = { waiting: { reason, message } };
      context.onChange();
      onTried();
    },
  );
}

/** Runs the container once. Resolves to its exit code, or to undefined when it was never started. */
async function runOnce(
  context: PodContext,
  record: ContainerRecord,
  onTried: () => void,
): Promise<number | undefined> {
  const run = await startWhenPossible(context, record, onTried);
  if (run === undefined) return undefined;
  record.containerID = run.containerID;
  const start = await run.started;
  if (start.started) {
    record.state = { running: { startedAt: timestamp(new Date()) } };
    context.recordEvent(record, "Normal", "Started", "Container started");
    void watchHealth(context, record, run);
    // That it ran is shown, however soon it ends.
    await context.written();
  } else {
    context.recordEvent(record, "Warning", "Failed", `Error: ${startErrorMessage(start.message)}`);
  }
  const terminated = await run.ended;
  record.state = { terminated };
  context.onChange();
  await context.written();
  return terminated.exitCode;
}

/**
 * Runs a container until its pod's restart policy is content, with the kubelet's back-off between
 * restarts. Resolves to whether it succeeded. `onTried` is called when it was first started, or could not be.
 */
export async function runToEnd(
  context: PodContext,
  record: ContainerRecord,
  onTried = (): void => undefined,
): Promise<boolean> {
  const { pod, stopping } = context;
  const policy = restartPolicyOf(pod, record);
  for (let pauseMs: number | undefined; ;) {
    const before = record.state.terminated;
    if (before !== undefined) {
      if (!isRestarted(policy, before.exitCode)) return before.exitCode === 0;
      if (stopping.aborted) return false;
      if (record.restartCount > 0) {
        pauseMs = nextPauseMs(RESTART_BACKOFF, pauseMs);
        const { name, namespace, uid } = pod.metadata;
        const of = `${record.container.name} in pod ${name}_${namespace}(${uid})`;
        context.recordEvent(record, "Warning", "BackOff", `Back-off restarting failed container ${of}`);
        // The back-off is not shown before the kubelet looks at the pod again.
        await pause(RESYNC_MS, stopping);
        if (stopping.aborted) return false;
        record.lastState = { terminated: before };
        record.state = crashLoopState(pod, record.container, pauseMs);
        context.onChange();
        await context.written();
        await pause(pauseMs - RESYNC_MS, stopping);
      }
      if (stopping.aborted) {
        record.state = { terminated: before };
        return false;
      }
      record.lastState = { terminated: before };
      record.restartCount += 1;
    }
    const startedMs = performance.now();
    if ((await runOnce(context, record, onTried)) === undefined) return false;
    if (performance.now() - startedMs > STABLE_AFTER_MS) pauseMs = undefined;
  }
}
