import type { KubeObject, OwnerReference } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resources.ts";

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

/** What the garbage collector knows of an object. */
export interface Owned {
  type: ResourceType;
  object: KubeObject;
}

/** All objects by uid, and who depends on whom. */
export interface OwnershipGraph {
  get(uid: string): Owned | undefined;
  set(uid: string, owned: Owned): void;
  remove(uid: string): void;
  dependentsOf(uid: string): Owned[];
  /** Whether an object with this uid was seen to go. */
  hasGone(uid: string): boolean;
}

/** How many uids of deleted objects are remembered. */
const REMEMBERED = 20_000;

export function ownersOf(owned: Owned): OwnerReference[] {
  return owned.object.metadata.ownerReferences ?? [];
}

export function createOwnershipGraph(): OwnershipGraph {
  const objects = new Map<string, Owned>();
  const dependents = new Map<string, Set<string>>();
  const gone = new Set<string>();
  const unlink = (uid: string, owned: Owned): void => {
    for (const owner of ownersOf(owned)) {
      const group = dependents.get(owner.uid);
      group?.delete(uid);
      if (group?.size === 0) dependents.delete(owner.uid);
    }
  };
  return {
    get: (uid) => objects.get(uid),
    set(uid, owned) {
      const before = objects.get(uid);
      if (before !== undefined) unlink(uid, before);
      objects.set(uid, owned);
      for (const owner of ownersOf(owned)) {
        dependents.set(owner.uid, (dependents.get(owner.uid) ?? new Set()).add(uid));
      }
    },
    remove(uid) {
      const before = objects.get(uid);
      if (before !== undefined) unlink(uid, before);
      objects.delete(uid);
      gone.add(uid);
      if (gone.size > REMEMBERED) gone.delete(gone.values().next().value ?? "");
    },
    dependentsOf: (uid) =>
      [...(dependents.get(uid) ?? [])].flatMap((dependent) => {
        const owned = objects.get(dependent);
        return owned === undefined ? [] : [owned];
      }),
    hasGone: (uid) => gone.has(uid),
  };
}

/** Only what the graph needs; the rest of the metadata is not kept. */
export function trimmed(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, ownerReferences, finalizers } =
    object.metadata;
  return {
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(ownerReferences !== undefined && { ownerReferences }),
      ...(finalizers !== undefined && { finalizers }),
    },
  };
}
