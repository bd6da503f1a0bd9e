import type { HeapProfiler } from "node:inspector";
import { Session } from "node:inspector/promises";
import { parentPort, workerData } from "node:worker_threads";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { startOperator } from "../../src/operator/operator.ts";
import { createLog } from "../../src/runtime/log.ts";

/**
 * An operator in a thread of its own, so that what it allocates is counted apart from everything else in the
 * test. Takes `{ kubeconfig, namespace }`, says `working`; `begin` is answered by `counting`, `end` by the bytes.
 */
const { kubeconfig, namespace } = workerData as { kubeconfig: string; namespace: string };
const { transport } = await kubeconfigTransport({ paths: [kubeconfig] });
const operator = await startOperator({
  transport,
  leaseNamespace: namespace,
  log: createLog({ level: "error" }),
  healthProbeBindAddress: "0",
  metricsBindAddress: "0",
});
await operator.working;
const session = new Session();
session.connect();

parentPort?.on("message", (message: "begin" | "end") => void answer(message));
parentPort?.postMessage("working");

async function answer(message: "begin" | "end"): Promise<void> {
  if (message === "begin") {
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: 8_192,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    parentPort?.postMessage("counting");
    return;
  }
  const { profile } = await session.post("HeapProfiler.stopSampling");
  parentPort?.postMessage(bytesOf(profile.head));
}

function bytesOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + bytesOf(child), selfSize);
}
