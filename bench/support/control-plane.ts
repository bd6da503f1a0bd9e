import { join } from "node:path";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import type { Transport } from "../../src/client/transport.ts";
import { createApiServer, type Listening } from "../../src/devcluster/apiserver/server.ts";
import { startCache } from "../../src/devcluster/controllers/cache.ts";
import { startClaimController } from "../../src/devcluster/controllers/claim.ts";
import { startGarbageCollector } from "../../src/devcluster/controllers/garbage-collector.ts";
import { startJobController } from "../../src/devcluster/controllers/job.ts";
import { startNamespaceController } from "../../src/devcluster/controllers/namespace.ts";
import { jobs, namespaces, persistentVolumeClaims, pods } from "../../src/kube/builtin.ts";
import { persistentVolumes, storageClasses } from "../../src/kube/kinds/storage-classes.ts";
import { pathOf } from "../../src/kube/resources.ts";

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
  const stopping = new AbortController();
  const transport = server.transport({ name: "system:kube-controller-manager", groups: ["system:masters"] });
  const client = createClient(transport, { fieldManager: "kube-controller-manager" });
  const caches = startCaches(client, stopping.signal);
  await Promise.all(Object.values(caches).map(({ synced }) => synced));
  const common = { client, ...caches, onError: complain, recordEvent: (): void => undefined };
  const loops = [
    startGarbageCollector({ ...common, signal: stopping.signal }),
    startJobController(common),
    startClaimController({ ...common, directory: join(dataDir, "volumes") }),
    startNamespaceController({ ...common, ca: listening.ca, finalize: finalizeWith(transport) }),
  ];
  return {
    listening,
    transport: server.transport(),
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
      stopping.abort();
      await server.close();
    },
  };
}

function startCaches(client: Client, signal: AbortSignal) {
  return {
    namespaces: startCache(client, namespaces, { signal }),
    jobs: startCache(client, jobs, { signal }),
    pods: startCache(client, pods, { signal }),
    claims: startCache(client, persistentVolumeClaims, { signal }),
    volumes: startCache(client, persistentVolumes, { signal }),
    classes: startCache(client, storageClasses, { signal }),
  };
}

function complain(key: string, error: unknown): void {
  process.stderr.write(`${key}: ${error instanceof Error ? error.message : String(error)}\n`);
}

function finalizeWith(transport: Transport) {
  return async (namespace: { metadata: { name?: string } }): Promise<void> => {
    const path = pathOf(namespaces, { name: namespace.metadata.name ?? "", subresource: "finalize" });
    const headers = { "content-type": "application/json", accept: "application/json" };
    const answer = await transport({ method: "PUT", path, headers, body: JSON.stringify(namespace) });
    await answer.text();
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** As a process of its own: takes the directory, prints the kubeconfig's path, and ends with SIGTERM. */
if (import.meta.main) {
  const [dataDir] = process.argv.slice(2);
  if (dataDir === undefined) throw new Error("usage: control-plane.ts DIRECTORY");
  const { listening, stop } = await startControlPlane(dataDir);
  process.once("SIGTERM", () => void stop().then(() => process.exit(0)));
  process.stdout.write(`${listening.kubeconfigPath}\n`);
}
