import type { Client, DeleteOptions } from "../../client/client.ts";
import { unlessRefused } from "../../client/errors.ts";
import { customResourceDefinitions } from "../../kube/builtin.ts";
import type { KubeObject, OwnerReference } from "../../kube/objects.ts";
import { apiVersionOf, type ResourceType } from "../../kube/resources.ts";
import { startCache } from "./cache.ts";
import { discoverResources } from "./discovery.ts";
import { createLoop, type Loop } from "./loop.ts";
import { createOwnershipGraph, FOREGROUND, ORPHAN, ownersOf, trimmed, type Owned } from "./ownership.ts";

export interface GarbageCollectorOptions {
  client: Client;
  signal: AbortSignal;
  onError(key: string, error: unknown): void;
}

/** The key of the loop that looks for new and gone kinds. */
const KINDS = "kinds";

type OwnerState = "there" | "waiting" | "gone";

function locationOf({ object }: Owned) {
  const { namespace, name = "" } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

function isWaitingForDependents({ object }: Owned): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined &&
    (object.metadata.finalizers?.includes(FOREGROUND) ?? false)
  );
}

/**
 * Deletes what has lost its owners, and carries out foreground and orphaning deletion, for all kinds
 * that the server knows, custom ones as they come. Events are left out: they own nothing.
 */
export function startGarbageCollector(options: GarbageCollectorOptions): Loop {
  const { client } = options;
  const graph = createOwnershipGraph();
  const kinds = new Map<string, { type: ResourceType; stop: AbortController }>();

  const dropFinalizer = async (owned: Owned, finalizer: string): Promise<void> => {
    const { uid, resourceVersion, finalizers = [] } = owned.object.metadata;
    const left = finalizers.filter((other) => other !== finalizer);
    const metadata = { uid, resourceVersion, finalizers: left.length === 0 ? null : left };
    await client.patch(owned.type, locationOf(owned), { metadata });
  };

  const dropOwners = async (owned: Owned, gone: ReadonlySet<string>): Promise<void> => {
    const { uid, resourceVersion } = owned.object.metadata;
    const left = ownersOf(owned).filter((owner) => !gone.has(owner.uid));
    const metadata = { uid, resourceVersion, ownerReferences: left.length === 0 ? null : left };
    await client.patch(owned.type, locationOf(owned), { metadata });
  };

  const remove = async (
    owned: Owned,
    propagationPolicy: DeleteOptions["propagationPolicy"],
  ): Promise<void> => {
    const { uid = "" } = owned.object.metadata;
    await client.delete(owned.type, locationOf(owned), {
      preconditions: { uid },
      ...(propagationPolicy !== undefined && { propagationPolicy }),
    });
  };

  const typeOf = (owner: OwnerReference): ResourceType | undefined =>
    [...kinds.values()].find(
      ({ type }) => type.kind === owner.kind && apiVersionOf(type) === owner.apiVersion,
    )?.type ??
    [...kinds.values()].find(
      ({ type }) => type.kind === owner.kind && type.group === owner.apiVersion.split("/").at(-2),
    )?.type;

  const stateOf = async (owner: OwnerReference, dependent: Owned): Promise<OwnerState> => {
    const known = graph.get(owner.uid);
    if (known !== undefined)
      return isWaitingForDependents(known) && owner.blockOwnerDeletion ? "waiting" : "there";
    if (graph.hasGone(owner.uid)) return "gone";
    const type = typeOf(owner);
    if (type === undefined)
      throw new Error(`owner ${owner.apiVersion} ${owner.kind} is of a kind that is not served`);
    const { namespace } = dependent.object.metadata;
    const at =
      type.namespaced && namespace !== undefined ? { namespace, name: owner.name } : { name: owner.name };
    const live = await unlessRefused(client.get(type, at), "NotFound");
    return live?.metadata.uid === owner.uid ? "there" : "gone";
  };

  const collect = async (owned: Owned): Promise<void> => {
    const states = await Promise.all(
      ownersOf(owned).map(async (owner) => ({ owner, state: await stateOf(owner, owned) })),
    );
    if (states.length === 0) return;
    const lost = states.filter(({ state }) => state !== "there");
    if (lost.length === 0) return;
    if (lost.length < states.length) {
      await dropOwners(owned, new Set(lost.map(({ owner }) => owner.uid)));
      return;
    }
    const isWaitedFor = states.some(({ state }) => state === "waiting");
    const hasDependents = graph.dependentsOf(owned.object.metadata.uid ?? "").length > 0;
    await remove(owned, isWaitedFor && hasDependents ? "Foreground" : "Background");
  };

  const endOwner = async (uid: string, owned: Owned): Promise<void> => {
    const { finalizers = [] } = owned.object.metadata;
    if (finalizers.includes(ORPHAN)) {
      await Promise.all(graph.dependentsOf(uid).map((dependent) => dropOwners(dependent, new Set([uid]))));
      await dropFinalizer(owned, ORPHAN);
      return;
    }
    if (!finalizers.includes(FOREGROUND)) return;
    const dependents = graph.dependentsOf(uid);
    for (const dependent of dependents) loop.add(dependent.object.metadata.uid ?? "");
    const isBlocking = ({ blockOwnerDeletion, uid: owner }: OwnerReference): boolean =>
      owner === uid && blockOwnerDeletion === true;
    if (!dependents.some((dependent) => ownersOf(dependent).some(isBlocking)))
      await dropFinalizer(owned, FOREGROUND);
  };

  const watchKind = (type: ResourceType): void => {
    const stop = new AbortController();
    kinds.set(`${type.group}/${type.plural}`, { type, stop });
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const cache = startCache<KubeObject>(client, type, { signal, metadataOnly: true, keep: trimmed });
    cache.subscribe(({ before, after }) => {
      const uid = (after ?? before)?.metadata.uid ?? "";
      if (after !== undefined) {
        graph.set(uid, { type, object: after });
        if (after.metadata.deletionTimestamp !== undefined || after.metadata.ownerReferences) loop.add(uid);
        return;
      }
      const owners = before?.metadata.ownerReferences ?? [];
      const dependents = graph.dependentsOf(uid);
      graph.remove(uid);
      for (const dependent of dependents) loop.add(dependent.object.metadata.uid ?? "");
      for (const owner of owners)
        if (graph.get(owner.uid)?.object.metadata.deletionTimestamp) loop.add(owner.uid);
    });
  };

  const followKinds = async (): Promise<void> => {
    const types = (await discoverResources(client)).filter(({ plural }) => plural !== "events");
    const served = new Map(types.map((type) => [`${type.group}/${type.plural}`, type]));
    for (const [key, { stop }] of kinds) {
      if (served.has(key)) continue;
      stop.abort();
      kinds.delete(key);
    }
    for (const [key, type] of served) if (!kinds.has(key)) watchKind(type);
  };

  const loop = createLoop({
    concurrency: 8,
    onError: options.onError,
    async reconcile(uid) {
      if (uid === KINDS) {
        await followKinds();
        return undefined;
      }
      const owned = graph.get(uid);
      if (owned === undefined) return undefined;
      const isDeleted = owned.object.metadata.deletionTimestamp !== undefined;
      await unlessRefused(isDeleted ? endOwner(uid, owned) : collect(owned), "NotFound");
      return undefined;
    },
  });

  const definitions = startCache<KubeObject>(client, customResourceDefinitions, {
    signal: options.signal,
    keep: trimmed,
  });
  // A new kind is served a moment after its definition is there; a second look finds it.
  definitions.subscribe(() => {
    loop.add(KINDS);
    loop.add(KINDS, KINDS_SECOND_LOOK_MS);
  });
  loop.add(KINDS);
  return loop;
}

const KINDS_SECOND_LOOK_MS = 250;
