import { createReflector } from "../../client/cache/reflector.ts";
import { discoverResources } from "../../client/discovery.ts";
import { unlessRefused } from "../../client/errors.ts";
import { customResourceDefinitions } from "../../kube/cluster-kinds.ts";
import { isDeleting, locationOf, type KubeObject, type OwnerReference } from "../../kube/objects.ts";
import {
  judgeDependent,
  judgeOwner,
  ownerState,
  withoutOwners,
  type OwnerState,
  type OwnershipPatch,
} from "./plans/collection.ts";
import { problemLog, type ControllerOptions } from "./caches.ts";
import { createLoop, type Loop } from "./loop.ts";
import { createOwnershipGraph, type Owned } from "./ownership.ts";

/** The key of the loop that looks for new and gone kinds. */
const KINDS = "kinds";
/** A new kind is served a moment after its definition is there; a second look finds it. */
const KINDS_SECOND_LOOK_MS = 250;
/** Other controllers act first on what is being deleted, as they do in a real cluster. */
const LATER_MS = 100;

/**
 * Deletes what has lost its owners, and carries out foreground and orphaning deletion, for all kinds
 * that the server knows, custom ones as they come. Events are left out: they own nothing.
 */
export function startGarbageCollector({
  client,
  onError,
}: Pick<ControllerOptions, "client" | "onError">): Loop {
  const onProblem = (message: string): void => onError(KINDS, new Error(message));
  const add = ({ metadata }: KubeObject): void =>
    loop.add(metadata.uid ?? "", metadata.deletionTimestamp === undefined ? 0 : LATER_MS);

  const graph = createOwnershipGraph(client, onProblem, (object, isGone) => {
    const { uid = "", ownerReferences = [] } = object.metadata;
    if (!isGone && (isDeleting(object) || ownerReferences.length > 0)) add(object);
    if (!isGone) return;
    for (const dependent of graph.dependentsOf(uid)) add(dependent.object);
    for (const reference of ownerReferences) {
      const owner = graph.get(reference.uid)?.object;
      if (owner !== undefined && isDeleting(owner)) add(owner);
    }
  });

  const patch = ({ type, object }: Owned, body: OwnershipPatch): Promise<unknown> =>
    client.patch(type, locationOf(object), body);

  const stateOf = async (owner: OwnerReference, dependent: KubeObject): Promise<OwnerState> => {
    const known = graph.get(owner.uid);
    if (known !== undefined) return ownerState(known.object, owner);
    if (graph.hasGone(owner.uid)) return "gone";
    const type = graph.typeOf(owner);
    if (type === undefined)
      throw new Error(`owner ${owner.apiVersion} ${owner.kind} is of a kind that is not served`);
    const { namespace = "" } = dependent.metadata;
    const at = { name: owner.name, ...(type.namespaced && { namespace }) };
    const live = await unlessRefused(client.get(type, at, { metadataOnly: true }), "NotFound");
    return live?.metadata.uid === owner.uid ? "there" : "gone";
  };

  const collect = async (owned: Owned): Promise<void> => {
    const { type, object } = owned;
    const { uid = "", ownerReferences = [] } = object.metadata;
    const states = new Map<OwnerReference, OwnerState>();
    for (const owner of ownerReferences) states.set(owner, await stateOf(owner, object));
    const hasDependents = graph.dependentsOf(uid).length > 0;
    const verdict = judgeDependent(object, (owner) => states.get(owner) ?? "there", hasDependents);
    if (verdict.patch !== undefined) await patch(owned, verdict.patch);
    if (verdict.remove === undefined) return;
    const options = { preconditions: { uid }, propagationPolicy: verdict.remove };
    await client.delete(type, locationOf(object), options);
  };

  const endOwner = async (owned: Owned): Promise<void> => {
    const { uid = "" } = owned.object.metadata;
    const dependents = graph.dependentsOf(uid);
    const ending = judgeOwner(
      owned.object,
      dependents.map(({ object }) => object),
    );
    if (ending.orphans)
      await Promise.all(dependents.map((one) => patch(one, withoutOwners(one.object, new Set([uid])))));
    if (ending.collects) for (const { object } of dependents) add(object);
    if (ending.patch !== undefined) await patch(owned, ending.patch);
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
      await unlessRefused(isDeleting(owned.object) ? endOwner(owned) : collect(owned), "NotFound");
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
      // What the loop still does may begin to follow more kinds.
      await loop.stop();
      await Promise.all([graph.stop(), definitions.stop()]);
    },
  };
}
