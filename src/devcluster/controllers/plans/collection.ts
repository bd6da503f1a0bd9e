import { isDeleting, withoutFinalizer, type KubeObject, type OwnerReference } from "../../../kube/objects.ts";

/** The finalizers of an object that waits for its dependents to go, and of one that lets them go on. */
const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/** An owner as a dependent sees it; `waiting`: it is being deleted and waits for the dependent to go first. */
export type OwnerState = "there" | "waiting" | "gone";

/** A merge patch that is refused when the object has changed since. */
export interface OwnershipPatch {
  metadata: Record<string, unknown>;
}

/** What is to be done for an object because of its owners: nothing, one patch, or its deletion. */
export interface Collection {
  patch?: OwnershipPatch;
  remove?: "Foreground" | "Background";
}

function isHeldBy({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) ?? false;
}

function patchOf({ metadata: { uid, resourceVersion } }: KubeObject, metadata: object): OwnershipPatch {
  return { metadata: { ...metadata, uid, resourceVersion } };
}

/** The patch that takes these owners off an object. */
export function withoutOwners(object: KubeObject, uids: ReadonlySet<string>): OwnershipPatch {
  const left = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
  return patchOf(object, { ownerReferences: left.length === 0 ? null : left });
}

/** The state of an owner that exists. */
export function ownerState(owner: KubeObject, reference: OwnerReference): OwnerState {
  const isWaiting = isDeleting(owner) && isHeldBy(owner, FOREGROUND);
  return isWaiting && reference.blockOwnerDeletion ? "waiting" : "there";
}

/**
 * For an object that is not being deleted: it goes with the last of its owners, and loses those that went
 * while another is there. Source: attemptToDeleteItem of the garbage collector.
 */
export function judgeDependent(
  object: KubeObject,
  stateOf: (owner: OwnerReference) => OwnerState,
  hasDependents: boolean,
): Collection {
  const owners = object.metadata.ownerReferences ?? [];
  const lost = owners.filter((owner) => stateOf(owner) !== "there");
  if (lost.length === 0) return {};
  if (lost.length < owners.length)
    return { patch: withoutOwners(object, new Set(lost.map(({ uid }) => uid))) };
  const isWaitedFor = lost.some((owner) => stateOf(owner) === "waiting");
  return { remove: isWaitedFor && hasDependents ? "Foreground" : "Background" };
}

/** For an object that is being deleted: what it waits for. */
export interface DeletedOwner {
  /** Whether its dependents are to lose it as their owner first. */
  orphans: boolean;
  /** Whether its dependents are to be looked at. */
  collects: boolean;
  /** Lets it go, when nothing is in the way any more. */
  patch?: OwnershipPatch;
}

/** What the deletion of an owner needs, given what depends on it. */
export function judgeOwner(owner: KubeObject, dependents: readonly KubeObject[]): DeletedOwner {
  const without = (finalizer: string) => patchOf(owner, withoutFinalizer(owner, finalizer).metadata);
  if (isHeldBy(owner, ORPHAN)) return { orphans: true, collects: false, patch: without(ORPHAN) };
  if (!isHeldBy(owner, FOREGROUND)) return { orphans: false, collects: false };
  const blocks = ({ uid, blockOwnerDeletion }: OwnerReference): boolean =>
    uid === owner.metadata.uid && blockOwnerDeletion === true;
  const isBlocked = dependents.some(({ metadata }) => metadata.ownerReferences?.some(blocks));
  return { orphans: false, collects: true, ...(!isBlocked && { patch: without(FOREGROUND) }) };
}
