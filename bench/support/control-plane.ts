import { join } from "node:path";
import { createClient } from "../../src/client/client.ts";
import type { Transport } from "../../src/client/transport.ts";
import { createApiServer, type Listening } from "../../src/devcluster/apiserver/server.ts";
import { startCaches, stopCaches } from "../../src/devcluster/controllers/caches.ts";
import { startClaimController } from "../../src/devcluster/controllers/claim.ts";
import { createEventRecorder } from "../../src/devcluster/controllers/events.ts";
import { startGarbageCollector } from "../../src/devcluster/controllers/garbage-collector.ts";
import { startJobController } from "../../src/devcluster/controllers/job.ts";
import { startNamespaceController } from "../../src/devcluster/controllers/namespace.ts";

/** An API server with the controllers of a control plane that has no nodes. */
export interface ControlPlane {
  readonly listening: Listening;
  /** As an administrator, in this process. */
  readonly transport: Transport;
  stop(): Promise<void>;
}

/**
 * Starts the embedded API server with the controllers that a control plane without nodes has: no
 * scheduler and no kubelet, whose part is played by `playPods`.
 */
export async function startControlPlane(dataDir: string): Promise<ControlPlane> {
  const server = await createApiServer({
    dataDir,
    // What a real API server answers for a pod that no node has: an empty log.
    podLogs: { open: () => Promise.resolve({ chunks: nothing() }) },
  });
  const listening = await server.listen();
  const transport = server.transport({ name: "system:kube-controller-manager", groups: ["system:masters"] });
  const client = createClient(transport, { fieldManager: "kube-controller-manager" });
  const caches = await startCaches(client, complain);
  const onError = (key: string, error: unknown): void =>
    complain(`${key}: ${error instanceof Error ? error.message : String(error)}`);
  const recordEvent = createEventRecorder(client, "kube-controller-manager");
  const common = { client, caches, onError, recordEvent };
  const loops = [
    startGarbageCollector(common),
    startJobController(common),
    startClaimController({ ...common, directory: join(dataDir, "volumes") }),
    startNamespaceController({ ...common, ca: listening.ca }),
  ];
  return {
    listening,
    transport: server.transport(),
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
      await stopCaches(caches);
      await server.close();
    },
  };
}

function complain(problem: string): void {
  process.stderr.write(`${problem}\n`);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** As its own process: takes the directory, prints the kubeconfig's path, and ends with SIGTERM. */
if (import.meta.main) {
  const [dataDir] = process.argv.slice(2);
  if (dataDir === undefined) throw new Error("usage: control-plane.ts DIRECTORY");
  const { listening, stop } = await startControlPlane(dataDir);
  process.once("SIGTERM", () => void stop().then(() => process.exit(0)));
  process.stdout.write(`${listening.kubeconfigPath}\n`);
}
