import { createReflector, type Reflector } from "../../client/cache/reflector.ts";
import type { IndexFunction } from "../../client/cache/store.ts";
import type { Client } from "../../client/client.ts";
import { jobs, namespaces, persistentVolumeClaims, pods } from "../../kube/builtin.ts";
import { claimKeysOfVolume } from "./plans/claim-plan.ts";
import { jobKeysOf } from "./plans/job-pods.ts";
import { persistentVolumes, storageClasses, nodes } from "../../kube/cluster-kinds.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resources.ts";
import type { RecordEvent } from "./events.ts";

/** What the controllers know of the cluster; shared, because each of them is a watch. */
export type Caches = Awaited<ReturnType<typeof startCaches>>;

/** What a controller works with. */
export interface ControllerOptions {
  client: Client;
  caches: Caches;
  recordEvent: RecordEvent;
  /** Told of every failure except conflicts; what failed is tried again. */
  onError(key: string, error: unknown): void;
}

/** A reflector's log of what it could not take in; that a watch broke and is resumed is nobody's concern. */
export function problemLog(onProblem: (message: string) => void) {
  return {
    info: () => undefined,
    warn: () => undefined,
    error: ({ resource, error }: Record<string, unknown>, message: string) =>
      onProblem(`${String(resource)}: ${message}${error instanceof Error ? `: ${error.message}` : ""}`),
  };
}

/** Starts all caches. Resolves when everything that exists is in them. */
export async function startCaches(client: Client, onProblem: (message: string) => void) {
  const log = problemLog(onProblem);
  const cacheOf = <T extends KubeObject>(
    type: ResourceType<T>,
    indexes: Readonly<Record<string, IndexFunction<T>>> = {},
  ): Reflector<T> => createReflector({ client, type, indexes, log });
  const caches = {
    /** With the index `job`: the key of the Job that controls a pod. */
    pods: cacheOf(pods, { job: jobKeysOf }),
    jobs: cacheOf(jobs),
    claims: cacheOf(persistentVolumeClaims),
    /** With the index `claim`: the key of the claim that a volume is for. */
    volumes: cacheOf(persistentVolumes, { claim: claimKeysOfVolume }),
    classes: cacheOf(storageClasses),
    namespaces: cacheOf(namespaces),
    nodes: cacheOf(nodes),
  };
  for (const cache of Object.values(caches)) cache.start();
  await Promise.all(Object.values(caches).map(({ synced }) => synced));
  return caches;
}

/** Ends their watches. */
export async function stopCaches(caches: Caches): Promise<void> {
  await Promise.all(Object.values(caches).map((cache) => cache.stop()));
}
