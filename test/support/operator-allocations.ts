import type { HeapProfiler } from "node:inspector";
import { Session } from "node:inspector/promises";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { startOperator } from "../../src/operator/operator.ts";
import { createLog } from "../../src/runtime/log.ts";

/**
 * An operator in its own process, so that what it allocates is counted apart from everything else in the
 * test. Takes a kubeconfig and a namespace, says `working`; `begin` is answered by `counting`, `end` by the bytes.
 */
const [kubeconfig = "", namespace = ""] = process.argv.slice(2);
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

process.on("message", (message) => void answer(message));
process.once("disconnect", () => process.exit());
process.send?.("working");

async function answer(message: unknown): Promise<void> {
  if (message === "begin") {
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: 8_192,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    process.send?.("counting");
    return;
  }
  const { profile } = await session.post("HeapProfiler.stopSampling");
  process.send?.(bytesOf(profile.head));
}

function bytesOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + bytesOf(child), selfSize);
}
