import type { Client } from "../client/client.ts";
import { ApiError, isApiError } from "../client/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { isObject } from "../kube/json.ts";
import { diffMergePatch } from "../kube/patch/merge-patch.ts";
import type { ResourceType } from "../kube/resources.ts";
import type { EventIntent } from "./events.ts";
import type { LookAgain } from "./controller.ts";
import { isNamespaceTerminating } from "./retry.ts";

/** What should be done about one object, as data; the shape of every kind's plan. */
export interface ActionPlan<Status> {
  create: readonly { type: ResourceType; object: KubeObject }[];
  remove: readonly {
    type: ResourceType;
    namespace: string;
    name: string;
    uid: string;
    propagationPolicy: "Foreground" | "Background";
  }[];
  events: readonly EventIntent[];
  /** The whole desired status; absent: it is left as it is. */
  status?: Status;
  lookAgain: LookAgain;
}

export interface CarryOutContext {
  client: Client;
  /** Takes what a write returned into the cache of that type, if there is one. */
  put?: (type: ResourceType, object: KubeObject, origin?: unknown) => void;
  /** The reconcile's `origin`, passed on to `put`. */
  origin?: unknown;
  record?: (type: ResourceType, regarding: KubeObject, event: EventIntent) => void;
  /** Called before every write; throws when this process must not write any more. */
  permit?: () => void;
  signal?: AbortSignal;
}

/** How far a plan was carried out. */
export type CarriedOut<T extends KubeObject> =
  /** All of it; `object` is the owner as last written, or as it was given. */
  | { outcome: "done"; object: T }
  /** Stopped before a child whose name is held by an object that the owner does not control. */
  | { outcome: "nameTaken"; kind: string; name: string }
  /** Stopped before a child that the server does not let us create: quota, policy, validation. */
  | { outcome: "refused"; kind: string; name: string; code: number; reason: string; message: string }
  /** The owner no longer exists. */
  | { outcome: "gone" };

/**
 * Carries out a plan about `object`: children in order, removals, events, then the status as the
 * smallest merge patch, guarded by the resourceVersion that the plan was made from. Rejects with
 * `ApiError`; after a conflict the live object is in the cache, so that the next attempt sees it.
 */
export async function carryOut<T extends KubeObject, Status>(
  context: CarryOutContext,
  type: ResourceType<T>,
  object: T & { status?: unknown },
  plan: ActionPlan<Status>,
): Promise<CarriedOut<T>> {
  for (const child of plan.create) {
    const stopped = await createChild(context, object, child);
    if (stopped !== undefined) return stopped;
  }
  for (const removal of plan.remove) await remove(context, removal);
  for (const event of plan.events) context.record?.(type, object, event);
  return plan.status === undefined
    ? { outcome: "done", object }
    : writeStatus(context, type, object, plan.status);
}

type Stopped = Exclude<CarriedOut<KubeObject>, { outcome: "done" }>;

async function createChild(
  context: CarryOutContext,
  owner: KubeObject,
  child: { type: ResourceType; object: KubeObject },
): Promise<Stopped | undefined> {
  const { client, put, origin } = context;
  for (let attempt = 1; ; attempt += 1) {
    context.permit?.();
    try {
      const created = await client.create(child.type, child.object, signalOf(context));
      put?.(child.type, created, origin);
      return undefined;
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) return refusal(child, error);
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
  child: { type: ResourceType; object: KubeObject },
): Promise<Stopped | "vanished" | undefined> {
  const { namespace, name = "" } = child.object.metadata;
  const at = { name, ...(namespace !== undefined && { namespace }) };
  try {
    const live = await context.client.get(child.type, at, signalOf(context));
    const ours = live.metadata.ownerReferences?.some((each) => each.uid === owner.metadata.uid) === true;
    if (!ours) return { outcome: "nameTaken", kind: child.type.kind, name };
    // Without the origin: this is news to the plan, which has to see it.
    context.put?.(child.type, live);
    return undefined;
  } catch (error) {
    if (isApiError(error, "NotFound")) return "vanished";
    throw error;
  }
}

/** What the server will not accept is an answer, not an accident: the owner's status can tell it. */
function refusal(child: { type: ResourceType; object: KubeObject }, error: unknown): Stopped {
  const refused =
    error instanceof ApiError && [400, 403, 422].includes(error.code) && !isNamespaceTerminating(error);
  if (!refused) throw error;
  return {
    outcome: "refused",
    kind: child.type.kind,
    name: child.object.metadata.name ?? "",
    code: error.code,
    reason: error.reason,
    message: error.status?.message ?? error.message,
  };
}

function nameOf(child: { type: ResourceType; object: KubeObject }): string {
  const { namespace, name } = child.object.metadata;
  return `${child.type.kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

async function remove(context: CarryOutContext, removal: ActionPlan<never>["remove"][number]): Promise<void> {
  const { type, namespace, name, uid, propagationPolicy } = removal;
  context.permit?.();
  const options = { propagationPolicy, preconditions: { uid }, ...signalOf(context) };
  try {
    await context.client.delete(type, { namespace, name }, options);
  } catch (error) {
    // Not there, or a successor with another uid: the one that was meant is gone.
    if (!isApiError(error, "NotFound") && !isApiError(error, "Conflict")) throw error;
  }
}

async function writeStatus<T extends KubeObject>(
  context: CarryOutContext,
  type: ResourceType<T>,
  object: T & { status?: unknown },
  status: unknown,
): Promise<CarriedOut<T>> {
  if (!isObject(status)) throw new Error(`the status planned for a ${type.kind} is no object`);
  const change = diffMergePatch(isObject(object.status) ? object.status : {}, status);
  if (change === undefined) return { outcome: "done", object };
  const { namespace, name = "", resourceVersion, uid } = object.metadata;
  const at = { name, ...(namespace !== undefined && { namespace }) };
  context.permit?.();
  try {
    const patch = { metadata: { resourceVersion, uid }, status: change };
    const options = { type: "merge" as const, subresource: "status", ...signalOf(context) };
    const written = await context.client.patch(type, at, patch, options);
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
): Promise<CarriedOut<T>> {
  try {
    context.put?.(type, await context.client.get(type, at, signalOf(context)));
  } catch (error) {
    if (isApiError(error, "NotFound")) return { outcome: "gone" };
    throw error;
  }
  throw conflict;
}

function signalOf(context: CarryOutContext): { signal?: AbortSignal } {
  return context.signal === undefined ? {} : { signal: context.signal };
}
