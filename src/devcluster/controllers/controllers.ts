import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../../client/client.ts";
import { ApiError } from "../../client/errors.ts";
import type { Transport } from "../../client/transport.ts";
import { jobs, namespaces, persistentVolumeClaims, pods, type Pod } from "../../kube/builtin.ts";
import { persistentVolumes, storageClasses } from "../../kube/kinds/storage-classes.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { pathOf } from "../../kube/resources.ts";
import { nodes } from "../kubelet/node-object.ts";
import { startCache, type Cache } from "./cache.ts";
import { startClaimController } from "./claim.ts";
import { createEventRecorder } from "./events.ts";
import { startGarbageCollector } from "./garbage-collector.ts";
import { startJobController } from "./job.ts";
import { startNamespaceController } from "./namespace.ts";
import { startScheduler } from "./scheduler.ts";

export interface ControllersOptions {
  /** A connection as the named user. */
  transport(user: string): Transport;
  /** The cluster's certificate authority, PEM. */
  ca: string;
  volumesDirectory: string;
  onProblem(message: string): void;
}

export interface Controllers {
  pods: Cache<Pod>;
  /** The directory of a bound claim; undefined when it is not bound. */
  claimDirectory(namespace: string, claim: string): string | undefined;
  stop(): Promise<void>;
}

const REMEMBERED_PROBLEMS = 1000;

/** A request that is no plain verb on an object, such as `pods/NAME/binding`. Rejects with ApiError on refusal. */
async function send(
  transport: Transport,
  method: "POST" | "PUT",
  path: string,
  body: KubeObject,
): Promise<void> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const response = await transport({ method, path, headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (response.status < 300) return;
  const reason = response.status === 404 ? "NotFound" : response.status === 409 ? "Conflict" : "";
  throw new ApiError(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`, {
    code: response.status,
    reason,
  });
}

function bindWith(transport: Transport) {
  return async (pod: Pod, nodeName: string): Promise<void> => {
    const { namespace = "", name = "", uid = "" } = pod.metadata;
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace, uid },
      target: { apiVersion: "v1", kind: "Node", name: nodeName },
    };
    await send(transport, "POST", pathOf(pods, { namespace, name, subresource: "binding" }), binding);
  };
}

/** Starts all controllers. Resolves when they know every object that they act on. */
export async function startControllers(options: ControllersOptions): Promise<Controllers> {
  const stopping = new AbortController();
  const { signal } = stopping;
  mkdirSync(options.volumesDirectory, { recursive: true });
  const transport = options.transport("system:kube-controller-manager");
  const client = createClient(transport, { fieldManager: "kube-controller-manager" });
  const schedulerTransport = options.transport("system:kube-scheduler");
  const scheduler = createClient(schedulerTransport, { fieldManager: "kube-scheduler" });
  const caches = {
    pods: startCache(client, pods, { signal }),
    jobs: startCache(client, jobs, { signal }),
    claims: startCache(client, persistentVolumeClaims, { signal }),
    volumes: startCache(client, persistentVolumes, { signal }),
    classes: startCache(client, storageClasses, { signal }),
    namespaces: startCache(client, namespaces, { signal }),
    nodes: startCache(client, nodes, { signal }),
  };
  await Promise.all(Object.values(caches).map(({ synced }) => synced));
  const reported = new Map<string, string>();
  const problem = (controller: string) => (key: string, error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    // What fails again in the same way is no news.
    if (reported.get(`${controller} ${key}`) === message) return;
    reported.set(`${controller} ${key}`, message);
    if (reported.size > REMEMBERED_PROBLEMS) reported.delete(reported.keys().next().value ?? "");
    options.onProblem(`${controller} ${key}: ${message}`);
  };

  const loops = [
    startGarbageCollector({ client, signal, onError: problem("garbage collector") }),
    startNamespaceController({
      client,
      namespaces: caches.namespaces,
      ca: options.ca,
      finalize: (namespace) =>
        send(
          transport,
          "PUT",
          pathOf(namespaces, { name: namespace.metadata.name ?? "", subresource: "finalize" }),
          namespace,
        ),
      onError: problem("namespace controller"),
    }),
    startClaimController({
      client,
      ...caches,
      directory: options.volumesDirectory,
      recordEvent: createEventRecorder(client, "persistentvolume-controller"),
      onError: problem("claim controller"),
    }),
    startScheduler({
      client: scheduler,
      ...caches,
      bind: bindWith(schedulerTransport),
      recordEvent: createEventRecorder(scheduler, "default-scheduler"),
      onError: problem("scheduler"),
    }),
    startJobController({
      client,
      jobs: caches.jobs,
      pods: caches.pods,
      recordEvent: createEventRecorder(client, "job-controller"),
      onError: problem("job controller"),
    }),
  ];
  return {
    pods: caches.pods,
    claimDirectory(namespace, name) {
      const claim = caches.claims.get(`${namespace}/${name}`);
      if (claim?.status?.phase !== "Bound" || !claim.spec.volumeName) return undefined;
      return join(options.volumesDirectory, claim.spec.volumeName);
    },
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      stopping.abort();
    },
  };
}
