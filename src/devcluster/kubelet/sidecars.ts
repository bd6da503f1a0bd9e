import type { ContainerRecord } from "./pods/status.ts";
import { stopContainer } from "./container-health.ts";
import { runToEnd } from "./container-loop.ts";
import type { ContainerRun } from "./container-run.ts";
import { pause, type PodContext } from "./pod-context.ts";

/** How often it is looked whether a sidecar has started. */
const LOOK_MS = 20;
const DEFAULT_GRACE_SECONDS = 30;

/** The init containers of a pod that run on beside its containers. */
interface Sidecars {
  /** Starts one. Resolves to whether it has started; its startup probe has then succeeded. */
  start(record: ContainerRecord): Promise<boolean>;
  /** Ends them, the last one first. Resolves when all have ended. */
  stop(): Promise<void>;
}

/** Sidecars of one pod; `running` has what runs of it. */
export function createSidecars(
  context: PodContext,
  running: ReadonlyMap<ContainerRecord, ContainerRun>,
): Sidecars {
  const stopping = new AbortController();
  const started: { record: ContainerRecord; over: Promise<unknown> }[] = [];
  const own: PodContext = {
    ...context,
    get pod() {
      return context.pod;
    },
    stopping: AbortSignal.any([context.stopping, stopping.signal]),
  };
  return {
    async start(record) {
      started.push({ record, over: runToEnd(own, record) });
      while (!record.health.started && !context.stopping.aborted) await pause(LOOK_MS, context.stopping);
      return !context.stopping.aborted;
    },
    async stop() {
      stopping.abort();
      const { terminationGracePeriodSeconds: grace = DEFAULT_GRACE_SECONDS } = context.pod.spec;
      for (const { record, over } of started.toReversed()) {
        const run = running.get(record);
        if (run !== undefined && !context.stopping.aborted) stopContainer(context, record, run, grace);
        await over;
      }
    },
  };
}

/** Runs the init containers one after the other, then starts the others in their order. Resolves when those have ended. */
export async function runInOrder(
  context: PodContext,
  records: readonly ContainerRecord[],
  sidecars: Sidecars,
): Promise<void> {
  for (const record of records.filter(({ isInit }) => isInit)) {
    const isThrough = record.isSidecar ? await sidecars.start(record) : await runToEnd(context, record);
    if (!isThrough) return;
  }
  const ends: Promise<boolean>[] = [];
  for (const record of records.filter(({ isInit }) => !isInit)) {
    const { promise: tried, resolve } = Promise.withResolvers<void>();
    ends.push(runToEnd(context, record, resolve).finally(resolve));
    await tried;
  }
  await Promise.all(ends);
}
