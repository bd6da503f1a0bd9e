import { createReflector } from "../../client/cache/reflector.ts";
import type { Client, DeleteOptions } from "../../client/client.ts";
import { discoverResources } from "../../client/discovery.ts";
import { unlessRefused } from "../../client/errors.ts";
import { customResourceDefinitions } from "../../kube/builtin.ts";
import {
  isDeleting,
  locationOf,
  withoutFinalizer,
  type KubeObject,
  type OwnerReference,
} from "../../kube/objects.ts";
import { problemLog, type ControllerOptions } from "./caches.ts";
import { createLoop, type Loop } from "./loop.ts";
import { createOwnershipGraph, type Owned } from "./ownership.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/** The key of the loop that looks for new and gone kinds. */
const KINDS = "kinds";
/** A new kind is served a moment after its definition is there; a second look finds it. */
const KINDS_SECOND_LOOK_MS = 250;

type OwnerState = "there" | "waiting" | "gone";

function ownersOf({ object }: Owned): OwnerReference[] {
  return object.metadata.ownerReferences ?? [];
}

function isHeldBy({ object }: Owned, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Writes what the garbage collector decides; refused when the object has changed since. */
function createWriter(client: Client) {
  const patch = ({ type, object }: Owned, metadata: object): Promise<unknown> => {
    const { uid, resourceVersion } = object.metadata;
    return client.patch(type, locationOf(object), { metadata: { ...metadata, uid, resourceVersion } });
  };
  return {
    dropFinalizer: (owned: Owned, finalizer: string) =>
      patch(owned, withoutFinalizer(owned.object, finalizer).metadata),
    dropOwners(owned: Owned, isLost: (owner: OwnerReference) => boolean) {
      const left = ownersOf(owned).filter((owner) => !isLost(owner));
      return patch(owned, { ownerReferences: left.length === 0 ? null : left });
    },
    remove({ type, object }: Owned, propagationPolicy: NonNullable<DeleteOptions["propagationPolicy"]>) {
      const preconditions = { uid: object.metadata.uid ?? "" };
      return client.delete(type, locationOf(object), { preconditions, propagationPolicy });
    },
  };
}

/**
 * Deletes what has lost its owners, and carries out foreground and orphaning deletion, for all kinds
 * that the server knows, custom ones as they come. Events are left out: they own nothing.
 */
export function startGarbageCollector({
  client,
  onError,
}: Pick<ControllerOptions, "client" | "onError">): Loop {
  const write = createWriter(client);
  const onProblem = (message: string): void => onError(KINDS, new Error(message));

  const onChange = (object: KubeObject, isGone: boolean): void => {
    const { uid = "", ownerReferences = [] } = object.metadata;
    if (!isGone) {
      if (isDeleting(object) || ownerReferences.length > 0) loop.add(uid);
      return;
    }
    for (const dependent of graph.dependentsOf(uid)) loop.add(dependent.object.metadata.uid ?? "");
    for (const owner of ownerReferences) {
      const owning = graph.get(owner.uid);
      if (owning !== undefined && isDeleting(owning.object)) loop.add(owner.uid);
    }
  };
  const graph = createOwnershipGraph(client, onProblem, onChange);

  const stateOf = async (owner: OwnerReference, dependent: Owned): Promise<OwnerState> => {
    const known = graph.get(owner.uid);
    if (known !== undefined) {
      const isWaiting = isDeleting(known.object) && isHeldBy(known, FOREGROUND);
      return isWaiting && owner.blockOwnerDeletion ? "waiting" : "there";
    }
    if (graph.hasGone(owner.uid)) return "gone";
    const type = graph.typeOf(owner);
    if (type === undefined)
      throw new Error(`owner ${owner.apiVersion} ${owner.kind} is of a kind that is not served`);
    const { namespace } = dependent.object.metadata;
    const at = { name: owner.name, ...(type.namespaced && { namespace: namespace ?? "" }) };
    const live = await unlessRefused(client.get(type, at, { metadataOnly: true }), "NotFound");
    return live?.metadata.uid === owner.uid ? "there" : "gone";
  };

  const collect = async (owned: Owned): Promise<void> => {
    const owners = ownersOf(owned);
    const states = new Map(
      await Promise.all(owners.map(async (owner) => [owner, await stateOf(owner, owned)] as const)),
    );
    const lost = owners.filter((owner) => states.get(owner) !== "there");
    if (lost.length === 0) return;
    if (lost.length < owners.length) {
      await write.dropOwners(owned, (owner) => lost.includes(owner));
      return;
    }
    const isWaitedFor = lost.some((owner) => states.get(owner) === "waiting");
    const hasDependents = graph.dependentsOf(owned.object.metadata.uid ?? "").length > 0;
    await write.remove(owned, isWaitedFor && hasDependents ? "Foreground" : "Background");
  };

  const endOwner = async (uid: string, owned: Owned): Promise<void> => {
    const dependents = graph.dependentsOf(uid);
    if (isHeldBy(owned, ORPHAN)) {
      await Promise.all(dependents.map((dependent) => write.dropOwners(dependent, (one) => one.uid === uid)));
      await write.dropFinalizer(owned, ORPHAN);
      return;
    }
    if (!isHeldBy(owned, FOREGROUND)) return;
    for (const dependent of dependents) loop.add(dependent.object.metadata.uid ?? "");
    const blocks = (owner: OwnerReference): boolean => owner.uid === uid && owner.blockOwnerDeletion === true;
    if (!dependents.some((dependent) => ownersOf(dependent).some(blocks)))
      await write.dropFinalizer(owned, FOREGROUND);
  };

  const loop = createLoop({
    concurrency: 8,
    onError,
    async reconcile(uid) {
      if (uid === KINDS) {
        const types = await discoverResources(client);
        await graph.followKinds(types.filter(({ plural }) => plural !== "events"));
        return undefined;
      }
      const owned = graph.get(uid);
      if (owned === undefined) return undefined;
      await unlessRefused(isDeleting(owned.object) ? endOwner(uid, owned) : collect(owned), "NotFound");
      return undefined;
    },
  });

  const definitions = createReflector({
    client,
    type: customResourceDefinitions,
    watch: { metadataOnly: true },
    log: problemLog(onProblem),
  });
  definitions.onChange(() => {
    loop.add(KINDS);
    loop.add(KINDS, KINDS_SECOND_LOOK_MS);
  });
  definitions.start();
  loop.add(KINDS);
  return {
    add: loop.add,
    async stop() {
      await Promise.all([loop.stop(), graph.stop(), definitions.stop()]);
    },
  };
}
