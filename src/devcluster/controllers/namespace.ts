import { serviceAccounts } from "../../kube/cluster-kinds.ts";
import { follow } from "../../client/cache/follow.ts";
import { discoverResources } from "../../client/discovery.ts";
import { unlessRefused } from "../../client/errors.ts";
import { configMaps, namespaces } from "../../kube/builtin.ts";
import { isDeleting, locationOf, type KubeObject } from "../../kube/objects.ts";
import { type ResourceType } from "../../kube/resources.ts";
import type { ControllerOptions } from "./caches.ts";
import { createLoop, type Loop } from "./loop.ts";

const ROOT_CERTIFICATE = "kube-root-ca.crt";
const KUBERNETES = "kubernetes";
/** How soon a namespace that is not yet empty is looked at again. */
const EMPTYING_MS = 100;
const LONGEST_EMPTYING_MS = 2000;
/** A real cluster waits 5 s before it empties a namespace; clients that delete its objects one by one rely on it. */
const BEFORE_EMPTYING_MS = 1000;

/**
 * Gives namespaces what pods expect in them, the cluster's certificate authority `ca` (PEM) among it, and
 * empties those that are being deleted.
 */
export function startNamespaceController(
  options: Omit<ControllerOptions, "recordEvent"> & { ca: string },
): Loop {
  const { client, caches } = options;
  const emptyingMs = new Map<string, number>();

  const furnish = async (namespace: string): Promise<void> => {
    // Forbidden: the namespace has begun to go.
    const createIfAbsent = <T extends KubeObject>(type: ResourceType<T>, object: T): Promise<unknown> =>
      unlessRefused(client.create(type, object), "AlreadyExists", "Forbidden");
    await createIfAbsent(serviceAccounts, { metadata: { name: "default", namespace } });
    await createIfAbsent(configMaps, {
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
      for (const item of items) {
        isEmpty = false;
        if (isDeleting(item)) continue;
        const deletion = client.delete(type, locationOf(item), { propagationPolicy: "Background" });
        await unlessRefused(deletion, "NotFound", "Conflict");
      }
    }
    return isEmpty;
  };

  const loop = createLoop({
    concurrency: 4,
    onError: options.onError,
    async reconcile(name) {
      const namespace = caches.namespaces.get(name);
      if (namespace === undefined) emptyingMs.delete(name);
      else if (!isDeleting(namespace)) await furnish(name);
      if (!namespace?.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes(KUBERNETES)) {
        return undefined;
      }
      if (!(await empty(name))) {
        const waitMs = emptyingMs.get(name) ?? EMPTYING_MS;
        emptyingMs.set(name, Math.min(waitMs * 2, LONGEST_EMPTYING_MS));
        return waitMs;
      }
      const finalizers = namespace.spec.finalizers.filter((finalizer) => finalizer !== KUBERNETES);
      const finalized = { ...namespace, spec: { ...namespace.spec, finalizers } };
      await client.replace(namespaces, finalized, { subresource: "finalize" });
      return undefined;
    },
  });
  follow(caches.namespaces, ({ key, new: namespace }) =>
    loop.add(key, namespace !== undefined && isDeleting(namespace) ? BEFORE_EMPTYING_MS : 0),
  );
  return loop;
}
