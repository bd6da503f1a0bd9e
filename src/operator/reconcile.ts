import type { Client } from "../client/client.ts";
import type { ApiError } from "../client/errors.ts";
import { UNSEEN } from "../api/fields/common.ts";
import { isObject } from "../kube/json.ts";
import { isDeleting, type KubeObject } from "../kube/objects.ts";
import { apiVersionOf, type ResourceType } from "../kube/resources.ts";
import type { Refusal } from "../plan/jobs/refusal.ts";
import { withinBounds } from "../plan/within-bounds.ts";
import { carryOut, type CarriedOut } from "../runtime/carry-out.ts";
import { type Plan, type Requeue, type EventIntent } from "../kube/plan.ts";
import type { ReconcileContext } from "../runtime/controller.ts";
import type { Log } from "../runtime/log.ts";
import { allCaches, type Caches } from "./caches.ts";

/** What every reconcile writes with. */
export interface ControllerContext {
  client: Client;
  caches: Caches;
  record: (type: ResourceType, regarding: KubeObject, event: EventIntent) => void;
  /** Throws when this process must not write any more. */
  permit: () => void;
  log: Log;
}

/** How one kind is reconciled: from a key to what is observed, from that to a plan. */
export interface Kind<T extends KubeObject, Observed extends object, Status> {
  type: ResourceType<T>;
  /** Undefined when the object no longer exists. */
  gather: (key: string) => Promise<Observed | undefined>;
  objectOf: (observed: Observed) => T & { status?: unknown };
  plan: (observed: Observed) => Plan<Status>;
  /** What is observed once the API server has refused a child; absent for kinds without children. */
  refused?: (observed: Observed, refusal: Refusal) => Observed;
}

/** gather, plan, carryOut. A refused child is planned once more, with the refusal among what is observed. */
export function createReconcile<T extends KubeObject, Observed extends object, Status>(
  kind: Kind<T, Observed, Status>,
  shared: ControllerContext,
): (key: string, context: ReconcileContext) => Promise<{ requeue: Requeue }> {
  const caches = allCaches(shared.caches);
  const put = (type: ResourceType, object: KubeObject, origin?: unknown) => {
    for (const cache of caches) if (cache.type.kind === type.kind) cache.put(object, origin);
  };

  return async (key, { origin, giveWay, signal }) => {
    let observed: Observed | undefined = await kind.gather(key);
    let outOfOrder: ApiError | undefined;
    while (observed !== undefined) {
      const plan = withinBounds(kind.type.kind, kind.plan(observed));
      const { client, record, permit } = shared;
      const context = { client, record, permit, put, origin, giveWay, signal };
      const before = kind.objectOf(observed);
      const carried = await carryOut(context, kind.type, before, plan);
      if (carried.outcome === "done") logPhase(shared.log, kind.type, key, before.status, carried.object);
      const refusal = refusalOf(carried, shared.caches);
      if (!refusal || !kind.refused) {
        // Once the status says so, it is tried again like all that fails: soon, then more and more seldom.
        if (outOfOrder) throw outOfOrder;
        return { requeue: plan.requeue };
      }
      outOfOrder =
        carried.outcome === "refused" && refusal.reason === "CreationFailed" ? carried.error : undefined;
      observed = kind.refused(observed, refusal);
    }
    return { requeue: "onChange" };
  };
}

/** An object's life in a line for each phase. Messages hold words of agents and remotes, so they stay in the status. */
function logPhase(log: Log, type: ResourceType, key: string, before: unknown, object: KubeObject): void {
  const [was, is] = [before, "status" in object ? object.status : undefined].map((status) =>
    isObject(status) ? status : {},
  );
  const isNew = was?.["observedGeneration"] === UNSEEN;
  if (!is?.["phase"] || (is["phase"] === was?.["phase"] && !isNew) || is["observedGeneration"] === UNSEEN)
    return;
  const { phase, reason } = is;
  log.info({ controller: type.kind.toLowerCase(), key, phase, reason }, `${type.kind} is ${String(phase)}`);
}

function refusalOf(carried: CarriedOut<KubeObject>, caches: Caches): Refusal | undefined {
  if (carried.outcome === "nameTaken") {
    const { kind, name, holder } = carried;
    if (isGoing(holder, caches)) {
      const message = `the ${kind} ${name} of a predecessor is still being removed; this goes on when it is gone`;
      return { reason: "WaitingForDeletion", message };
    }
    const other = continuationIn(holder, caches);
    const whose =
      other === undefined ? "belongs to something else" : `AgentRun ${other} continues the work in it`;
    const message = `a ${kind} named ${name} exists already and ${whose}; it is left as it is`;
    return { reason: "NameTaken", message };
  }
  if (carried.outcome !== "refused") return undefined;
  const { kind, name, error, message } = carried;
  const said = `${kind} ${name} cannot be created: ${message}`;
  return { reason: REASONS_BY_CODE.get(error.code) ?? "CreationFailed", message: said };
}

const REASONS_BY_CODE: ReadonlyMap<number, Refusal["reason"]> = new Map<number, Refusal["reason"]>([
  [400, "PodRefused"],
  [403, "Forbidden"],
  [422, "PodRefused"],
]);

/** The run that continues an earlier one in the claim that this one has left. */
function continuationIn({ metadata }: KubeObject, { runs }: Caches): string | undefined {
  return metadata.ownerReferences?.find(
    ({ kind, name, uid, controller }) =>
      kind === runs.type.kind &&
      !controller &&
      runs.get(`${metadata.namespace}/${name}`)?.metadata.uid === uid,
  )?.name;
}

/** Whether an object is being deleted, or will be because all its owners are gone or going. */
function isGoing(object: KubeObject, { runs, workspaces, schedules }: Caches): boolean {
  if (isDeleting(object)) return true;
  const { namespace, ownerReferences = [] } = object.metadata;
  return (
    ownerReferences.length > 0 &&
    ownerReferences.every(({ apiVersion, kind, name, uid }) => {
      const cache = [runs, workspaces, schedules].find(
        ({ type }) => type.kind === kind && apiVersionOf(type) === apiVersion,
      );
      const owner = cache?.get(`${namespace}/${name}`);
      return cache !== undefined && (owner?.metadata.uid !== uid || isDeleting(owner));
    })
  );
}
