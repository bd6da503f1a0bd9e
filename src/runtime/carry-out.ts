import type { Client } from "../client/client.ts";
import { ApiError, isApiError } from "../client/errors.ts";
import { isOwnedBy, type KubeObject } from "../kube/objects.ts";
import { isObject } from "../kube/json.ts";
import { diffMergePatch } from "../kube/merge-patch.ts";
import type { Child, ChildPatch, EventIntent, Plan, Removal } from "../kube/plan.ts";
import type { ResourceType } from "../kube/resources.ts";
import { isNamespaceTerminating } from "./retry.ts";

export interface CarryOutContext {
  client: Client;
  /** Takes what a write returned into the cache of that type, if there is one. */
  put?: (type: ResourceType, object: KubeObject, origin?: unknown) => void;
  /** The reconcile's `origin`, passed on to `put`. */
  origin?: unknown;
  record?: (type: ResourceType, regarding: KubeObject, event: EventIntent) => void;
  /** Called before every write; throws when this process must not write any more. */
  permit?: () => void;
  /** The reconcile's `giveWay`: awaited once the children are there, when what is left can wait. */
  giveWay?: () => Promise<void>;
  signal?: AbortSignal;
}

/** How far a plan was carried out. */
export type CarriedOut<T extends KubeObject> =
  /** All of it; `object` is the owner as last written, or as it was given. */
  | { outcome: "done"; object: T }
  /** Stopped before a child whose name is held by an object that the owner does not control. */
  | { outcome: "nameTaken"; kind: string; name: string; holder: KubeObject }
  /** Stopped before a child that the server did not create: quota, policy, validation, a webhook or itself out of order. */
  | { outcome: "refused"; kind: string; name: string; error: ApiError; message: string }
  /** The owner no longer exists. */
  | { outcome: "gone" };

/**
 * Carries out a plan about `object`: finalizers that are put on, children in order, patches, removals, events,
 * the status, then finalizers that are taken off. Writes to the object are the smallest merge patches,
 * guarded by the resourceVersion that the plan was made from. Rejects with `ApiError`; after a conflict
 * the live object is in the cache, so that the next attempt sees it.
 */
export async function carryOut<T extends KubeObject, Status>(
  context: CarryOutContext,
  type: ResourceType<T>,
  object: T & { status?: unknown },
  plan: Plan<Status>,
): Promise<CarriedOut<T>> {
  const wanted = plan.finalizers ?? {};
  const held = await writeFinalizers(context, type, object, withAdded(object, wanted));
  if (held.outcome !== "done") return held;
  for (const child of plan.create) {
    const stopped = await createChild(context, held.object, child);
    if (stopped !== undefined) return stopped;
  }
  if (plan.create.length > 0) await context.giveWay?.();
  for (const patch of plan.patches ?? []) await patchChild(context, patch);
  for (const removal of plan.remove) await remove(context, removal);
  for (const event of plan.events) context.record?.(type, held.object, event);
  const told = plan.status === undefined ? held : await writeStatus(context, type, held.object, plan.status);
  if (told.outcome !== "done") return told;
  return writeFinalizers(context, type, told.object, withoutDropped(told.object, wanted));
}

type Done<T extends KubeObject> = Extract<CarriedOut<T>, { outcome: "done" | "gone" }>;

/** An object that is being deleted takes no new finalizers. */
function withAdded({ metadata }: KubeObject, wanted: Readonly<Record<string, boolean>>): string[] {
  const present = metadata.finalizers ?? [];
  if (metadata.deletionTimestamp !== undefined) return present;
  return [...present, ...Object.keys(wanted).filter((name) => wanted[name] && !present.includes(name))];
}

function withoutDropped({ metadata }: KubeObject, wanted: Readonly<Record<string, boolean>>): string[] {
  return (metadata.finalizers ?? []).filter((name) => wanted[name] !== false);
}

/** Sends nothing if the finalizers are as they should be. */
async function writeFinalizers<T extends KubeObject>(
  context: CarryOutContext,
  type: ResourceType<T>,
  object: T & { status?: unknown },
  finalizers: readonly string[],
): Promise<Done<T>> {
  if (finalizers.length === (object.metadata.finalizers ?? []).length) return { outcome: "done", object };
  return patchOwner(context, type, object, { metadata: { finalizers } }, {});
}

type Stopped = Exclude<CarriedOut<KubeObject>, { outcome: "done" }>;

async function createChild(
  context: CarryOutContext,
  owner: KubeObject,
  child: Child,
): Promise<Stopped | undefined> {
  const { client, put, origin } = context;
  for (let attempt = 1; ; attempt += 1) {
    context.permit?.();
    try {
      // What a Job says of itself is 40 KiB that we know: of the answer only the metadata is news.
      const options = { metadataOnly: true, ...signalOf(context) };
      const { metadata } = await client.create(child.type, child.object, options);
      put?.(child.type, { ...child.object, metadata }, origin);
      return undefined;
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) return refusal(context, child, error);
    }
    const verdict = await judgeExisting(context, owner, child);
    if (verdict !== "vanished") return verdict;
    // It went away between the two requests; a second time in a row is somebody else's loop, not ours.
    if (attempt === 2) throw new Error(`${nameOf(child)} exists and vanishes by turns`);
  }
}

/** An object of the child's name exists: ours (the cache was behind), or somebody else's. */
async function judgeExisting(
  context: CarryOutContext,
  owner: KubeObject,
  child: Child,
): Promise<Stopped | "vanished" | undefined> {
  const { namespace, name = "" } = child.object.metadata;
  const at = { name, ...(namespace !== undefined && { namespace }) };
  const live = await getLive(context, child.type, at);
  if (!live) return "vanished";
  const ours = child.sharedBy ? isShared(live, child.sharedBy) : isOwnedBy(live, owner.metadata.uid);
  if (!ours) return { outcome: "nameTaken", kind: child.type.kind, name, holder: live };
  // Without the origin: this is news to the plan, which has to see it.
  context.put?.(child.type, live);
  return undefined;
}

/** One that is being deleted is no use to a child that would come to it now. */
function isShared({ metadata }: KubeObject, { label, value }: NonNullable<Child["sharedBy"]>): boolean {
  return metadata.labels?.[label] === value && metadata.deletionTimestamp === undefined;
}

/** Why the server does not create a child is an answer, whatever its code: the owner's status can show it. */
function refusal({ signal }: CarryOutContext, { type, object }: Child, error: unknown): Stopped {
  if (!(error instanceof ApiError) || isNamespaceTerminating(error) || signal?.aborted) throw error;
  const message = error.status?.message ?? error.message;
  return { outcome: "refused", kind: type.kind, name: object.metadata.name ?? "", error, message };
}

function nameOf(child: Child): string {
  const { namespace, name } = child.object.metadata;
  return `${child.type.kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

async function patchChild(
  context: CarryOutContext,
  { type, namespace, name, uid, patch }: ChildPatch,
): Promise<void> {
  await onVeryObject(context, async () => {
    const sent = { ...patch, metadata: { ...patch.metadata, uid } };
    const options = { type: "merge" as const, ...signalOf(context) };
    const patched = await context.client.patch(type, { namespace, name }, sent, options);
    context.put?.(type, patched, context.origin);
  });
}

async function remove(context: CarryOutContext, removal: Removal): Promise<void> {
  const { type, namespace, name, uid, propagationPolicy } = removal;
  const options = { propagationPolicy, preconditions: { uid }, ...signalOf(context) };
  await onVeryObject(context, async () => {
    await context.client.delete(type, { namespace, name }, options);
  });
}

/** Tries that a write gets at once; the server itself has tried several times before it reports a conflict. */
const CONFLICT_TRIES = 4;

/**
 * Writes to the object of this uid; nothing if it is gone, or a successor has its name. Every other conflict
 * comes of another's write at the same moment, so the write is tried again at once.
 */
async function onVeryObject(context: CarryOutContext, write: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    context.permit?.();
    try {
      return await write();
    } catch (error) {
      if (isApiError(error, "NotFound")) return;
      if (!isApiError(error, "Conflict")) throw error;
      // The API server has two sentences for a successor with the same name.
      if (/UID in (the )?precondition/.test(error.message)) return;
      if (attempt === CONFLICT_TRIES) throw error;
    }
  }
}

async function getLive<T extends KubeObject>(
  context: CarryOutContext,
  type: ResourceType<T>,
  at: { namespace?: string; name: string },
): Promise<T | undefined> {
  try {
    return await context.client.get(type, at, signalOf(context));
  } catch (error) {
    if (isApiError(error, "NotFound")) return undefined;
    throw error;
  }
}

async function writeStatus<T extends KubeObject>(
  context: CarryOutContext,
  type: ResourceType<T>,
  object: T & { status?: unknown },
  status: unknown,
): Promise<Done<T>> {
  if (!isObject(status)) throw new Error(`the status planned for a ${type.kind} is no object`);
  const change = diffMergePatch(isObject(object.status) ? object.status : {}, status);
  if (change === undefined) return { outcome: "done", object };
  return patchOwner(context, type, object, { status: change }, { subresource: "status" });
}

/** One merge patch of the planned object, as it was when the plan was made. */
async function patchOwner<T extends KubeObject>(
  context: CarryOutContext,
  type: ResourceType<T>,
  { metadata }: T,
  change: { metadata?: object; status?: unknown },
  options: { subresource?: string },
): Promise<Done<T>> {
  const { namespace, name = "", resourceVersion, uid } = metadata;
  const at = { name, ...(namespace !== undefined && { namespace }) };
  context.permit?.();
  try {
    const patch = { ...change, metadata: { ...change.metadata, resourceVersion, uid } };
    const sent = { type: "merge" as const, ...options, ...signalOf(context) };
    const written = await context.client.patch(type, at, patch, sent);
    context.put?.(type, written, context.origin);
    return { outcome: "done", object: written };
  } catch (error) {
    if (isApiError(error, "NotFound")) return { outcome: "gone" };
    if (!isApiError(error, "Conflict")) throw error;
    return refresh(context, type, at, error);
  }
}

/** Brings the live object into the cache after a conflict; a retry from the outdated one would fail again. */
async function refresh<T extends KubeObject>(
  context: CarryOutContext,
  type: ResourceType<T>,
  at: { namespace?: string; name: string },
  conflict: ApiError,
): Promise<Done<T>> {
  const live = await getLive(context, type, at);
  if (!live) return { outcome: "gone" };
  context.put?.(type, live);
  throw conflict;
}

function signalOf(context: CarryOutContext): { signal?: AbortSignal } {
  return context.signal === undefined ? {} : { signal: context.signal };
}
