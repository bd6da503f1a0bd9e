import type { Status } from "../../../kube/status.ts";
import type { JsonObject } from "../../../kube/json-object.ts";
import type { ApiContext } from "../context.ts";
import { timestamp } from "../../../kube/time.ts";
import { failure, notFound } from "../../../kube/status-error.ts";
import { metaOf } from "../../../kube/json-object.ts";
import { readObject, servedJson, storedJson } from "../objects.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import { keyOf } from "../storage/store.ts";
import type { StoredObject } from "../storage/table.ts";
import type { User } from "../../../kube/access/user.ts";
import type { DeleteRequest } from "../../../kube/request/options.ts";
import { isFinished } from "./update.ts";

export interface DeleteTarget {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly user: User;
  readonly warnings: string[];
}

const DEPENDENTS_FINALIZERS = ["orphan", "foregroundDeletion"];

/** Deletes, or marks as being deleted what something still holds. Answers a Status or the object, as JSON. */
export async function deleteObject(
  context: ApiContext,
  target: DeleteTarget,
  options: DeleteRequest,
): Promise<string> {
  const { resource, namespace, name } = target;
  const table = context.store.table(resource.storage);
  const stored = table.get(keyOf(namespace, name));
  if (stored === undefined) throw notFound({ group: resource.group, resource: resource.plural }, name);
  checkPreconditions(resource, stored, options);
  if (context.admission.isActive()) {
    await context.admission.validate(
      {
        operation: "DELETE",
        resource,
        subresource: "",
        namespace,
        name,
        object: undefined,
        old: readObject(resource, stored),
        dryRun: options.dryRun,
        user: target.user,
      },
      target.warnings,
    );
    if (table.get(stored.key) !== stored) return deleteObject(context, target, options);
  }
  return removeOrMark(context, target, stored, options);
}

async function removeOrMark(
  context: ApiContext,
  target: DeleteTarget,
  stored: StoredObject,
  options: DeleteRequest,
): Promise<string> {
  const { resource } = target;
  const object = readObject(resource, stored);
  const before = JSON.stringify(object);
  markDeleted(context, target, object, options);
  if (isFinished(resource, object)) {
    if (!options.dryRun) await context.store.remove(resource.storage, stored.key);
    return resource.strategy.returnsDeleted ? JSON.stringify(object) : deletedStatus(resource, stored);
  }
  if (options.dryRun) return JSON.stringify(object);
  if (JSON.stringify(object) === before) {
    await context.store.settled();
    return servedJson(resource, stored);
  }
  const { namespace, name, uid } = stored;
  const meta = metaOf(object);
  const written = await context.store.put(resource.storage, {
    namespace,
    name,
    uid,
    labels: meta.labels,
    json(version) {
      meta.resourceVersion = String(version);
      return storedJson(resource, object);
    },
  });
  return servedJson(resource, written);
}

/** Sets the deletion time, the grace period and the finalizer that the propagation policy asks for. */
function markDeleted(
  context: ApiContext,
  target: DeleteTarget,
  object: JsonObject,
  options: DeleteRequest,
): void {
  const { resource, warnings } = target;
  const meta = metaOf(object);
  const finalizers = finalizersFor(resource, meta.finalizers ?? [], options, warnings);
  if (finalizers.length > 0) meta.finalizers = finalizers;
  else delete meta.finalizers;
  const defaultGrace = resource.strategy.gracePeriodSeconds?.(object);
  const wantedGrace =
    defaultGrace === undefined || defaultGrace === 0
      ? 0
      : Math.max(0, options.gracePeriodSeconds ?? defaultGrace);
  const now = context.now();
  if (meta.deletionTimestamp === undefined) {
    const isHeld = resource.strategy.beginDeletion?.(object, now) ?? false;
    meta.deletionTimestamp = timestamp(new Date(now.getTime() + wantedGrace * 1000));
    if (!isHeld) {
      meta.deletionGracePeriodSeconds = wantedGrace;
      if ((meta.generation ?? 0) > 0) meta.generation = (meta.generation ?? 0) + 1;
    }
    return;
  }
  // A later delete can only shorten the wait.
  const left = meta.deletionGracePeriodSeconds ?? 0;
  const shortened = options.gracePeriodSeconds === undefined ? left : Math.min(left, wantedGrace);
  if (shortened < left) {
    meta.deletionGracePeriodSeconds = shortened;
    meta.deletionTimestamp = timestamp(new Date(now.getTime() + shortened * 1000));
  }
}

function finalizersFor(
  resource: Resource,
  finalizers: readonly string[],
  options: DeleteRequest,
  warnings: string[],
): string[] {
  let propagation = options.propagation;
  if (propagation === undefined) {
    if (finalizers.some((finalizer) => DEPENDENTS_FINALIZERS.includes(finalizer))) return [...finalizers];
    propagation = resource.strategy.defaultPropagation;
    if (propagation === "Orphan") {
      warnings.push(
        `child pods are preserved by default when ${resource.plural} are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning`,
      );
    }
  }
  const kept = finalizers.filter((finalizer) => !DEPENDENTS_FINALIZERS.includes(finalizer));
  if (propagation === "Orphan") kept.push("orphan");
  if (propagation === "Foreground") kept.push("foregroundDeletion");
  return kept;
}

function checkPreconditions(resource: Resource, stored: StoredObject, options: DeleteRequest): void {
  const refuse = (why: string) => {
    // These name the kind where other conflicts name the resource.
    const { kind, group } = resource;
    const qualified = group === "" ? kind : `${kind}.${group}`;
    return failure(
      409,
      "Conflict",
      `Operation cannot be fulfilled on ${qualified} "${stored.name}": ${why}`,
      {
        name: stored.name,
        ...(group === "" ? {} : { group }),
        kind,
      },
    );
  };
  if (options.uid !== undefined && options.uid !== stored.uid) {
    throw refuse(
      `the UID in the precondition (${options.uid}) does not match the UID in record (${stored.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== String(stored.version)) {
    throw refuse(
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${stored.version}). The object might have been modified`,
    );
  }
}

function deletedStatus(resource: Resource, stored: StoredObject): string {
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: stored.name,
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: stored.uid,
    },
  };
  return JSON.stringify(status);
}
