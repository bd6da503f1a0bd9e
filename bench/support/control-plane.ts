import { join } from "node:path";
import { createClient } from "../../src/client/client.ts";
import { createApiServer } from "../../src/devcluster/apiserver/server.ts";
import { startCache } from "../../src/devcluster/controllers/cache.ts";
import { startClaimController } from "../../src/devcluster/controllers/claim.ts";
import { startGarbageCollector } from "../../src/devcluster/controllers/garbage-collector.ts";
import { startJobController } from "../../src/devcluster/controllers/job.ts";
import { startNamespaceController } from "../../src/devcluster/controllers/namespace.ts";
import { jobs, namespaces, persistentVolumeClaims, pods } from "../../src/kube/builtin.ts";
import { persistentVolumes, storageClasses } from "../../src/kube/kinds/storage-classes.ts";
import { pathOf } from "../../src/kube/resources.ts";

/**
 * A process of its own: the embedded API server with the controllers that a control plane without nodes
 * has. No scheduler and no kubelet: the benchmark plays the pods itself. Prints the kubeconfig's path.
 */
const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("usage: control-plane.ts DIRECTORY");

const server = await createApiServer({
  dataDir,
  // What a real API server answers for a pod that no node has: an empty log.
  podLogs: { open: () => Promise.resolve({ chunks: nothing() }) },
});
const { kubeconfigPath, ca } = await server.listen();
const stopping = new AbortController();
const { signal } = stopping;
const transport = server.transport({ name: "system:kube-controller-manager", groups: ["system:masters"] });
const client = createClient(transport, { fieldManager: "kube-controller-manager" });
const caches = {
  namespaces: startCache(client, namespaces, { signal }),
  jobs: startCache(client, jobs, { signal }),
  pods: startCache(client, pods, { signal }),
  claims: startCache(client, persistentVolumeClaims, { signal }),
  volumes: startCache(client, persistentVolumes, { signal }),
  classes: startCache(client, storageClasses, { signal }),
};
await Promise.all(Object.values(caches).map(({ synced }) => synced));
const onError = (key: string, error: unknown): void =>
  void process.stderr.write(`${key}: ${error instanceof Error ? error.message : String(error)}\n`);
const recordEvent = (): void => undefined;
const loops = [
  startGarbageCollector({ client, signal, onError }),
  startJobController({ client, ...caches, recordEvent, onError }),
  startClaimController({ client, ...caches, directory: join(dataDir, "volumes"), recordEvent, onError }),
  startNamespaceController({
    client,
    namespaces: caches.namespaces,
    ca,
    finalize: async (namespace) => {
      const path = pathOf(namespaces, { name: namespace.metadata.name ?? "", subresource: "finalize" });
      const headers = { "content-type": "application/json", accept: "application/json" };
      const answer = await transport({ method: "PUT", path, headers, body: JSON.stringify(namespace) });
      await answer.text();
    },
    onError,
  }),
];
process.once("SIGTERM", () => void stop());
process.stdout.write(`${kubeconfigPath ?? join(dataDir, "kubeconfig")}\n`);

async function stop(): Promise<void> {
  await Promise.all(loops.map((loop) => loop.stop()));
  stopping.abort();
  await server.close();
  process.exit(0);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
