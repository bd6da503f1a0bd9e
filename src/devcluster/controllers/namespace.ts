import type { Client } from "../../client/client.ts";
import { unlessRefused } from "../../client/errors.ts";
import { configMaps, type Namespace } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { resourceType, type ResourceType } from "../../kube/resources.ts";
import type { Cache } from "./cache.ts";
import { discoverResources } from "./discovery.ts";
import { createLoop, type Loop } from "./loop.ts";

const serviceAccounts = resourceType<KubeObject>("", "v1", "serviceaccounts", "ServiceAccount");
const ROOT_CERTIFICATE = "kube-root-ca.crt";
const KUBERNETES = "kubernetes";
/** How soon a namespace that is not yet empty is looked at again. */
const EMPTYING_MS = 100;
const LONGEST_EMPTYING_MS = 2000;
/** A real cluster waits 5 s before it empties a namespace; clients that delete its objects one by one rely on it. */
const BEFORE_EMPTYING_MS = 1000;

export interface NamespaceControllerOptions {
  client: Client;
  namespaces: Cache<Namespace>;
  /** The cluster's certificate authority, PEM. */
  ca: string;
  /** `PUT namespaces/NAME/finalize`. */
  finalize(namespace: Namespace): Promise<void>;
  onError(key: string, error: unknown): void;
}

/** Gives namespaces what pods expect in them, and empties those that are being deleted. */
export function startNamespaceController(options: NamespaceControllerOptions): Loop {
  const { client, namespaces } = options;
  const emptyingMs = new Map<string, number>();

  // Forbidden: the namespace has begun to go.
  const createIfAbsent = <T extends KubeObject>(type: ResourceType<T>, object: T): Promise<unknown> =>
    unlessRefused(client.create(type, object), "AlreadyExists", "Forbidden");

  const furnish = async (namespace: string): Promise<void> => {
    await createIfAbsent(serviceAccounts, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace },
    });
    await createIfAbsent(configMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: ROOT_CERTIFICATE, namespace },
      data: { "ca.crt": options.ca },
    });
  };

  /** Asks for the deletion of everything; resolves to whether nothing is left. */
  const empty = async (namespace: string): Promise<boolean> => {
    let isEmpty = true;
    for (const type of await discoverResources(client)) {
      if (!type.namespaced) continue;
      const { items } = await client.list(type, { namespace, metadataOnly: true });
      for (const { metadata } of items) {
        isEmpty = false;
        if (metadata.deletionTimestamp !== undefined) continue;
        const at = { namespace, name: metadata.name ?? "" };
        const deletion = client.delete(type, at, { propagationPolicy: "Background" });
        await unlessRefused(deletion, "NotFound", "Conflict");
      }
    }
    return isEmpty;
  };

  const loop = createLoop({
    concurrency: 4,
    onError: options.onError,
    async reconcile(name) {
      const namespace = namespaces.get(name);
      if (namespace === undefined) {
        emptyingMs.delete(name);
        return undefined;
      }
      if (namespace.metadata.deletionTimestamp === undefined) {
        await furnish(name);
        return undefined;
      }
      if (!namespace.spec?.finalizers?.includes(KUBERNETES)) return undefined;
      if (!(await empty(name))) {
        const waitMs = emptyingMs.get(name) ?? EMPTYING_MS;
        emptyingMs.set(name, Math.min(waitMs * 2, LONGEST_EMPTYING_MS));
        return waitMs;
      }
      const finalizers = namespace.spec.finalizers.filter((finalizer) => finalizer !== KUBERNETES);
      await options.finalize({ ...namespace, spec: { ...namespace.spec, finalizers } });
      return undefined;
    },
  });
  namespaces.subscribe(({ key, after }) =>
    loop.add(key, after?.metadata.deletionTimestamp === undefined ? 0 : BEFORE_EMPTYING_MS),
  );
  return loop;
}
