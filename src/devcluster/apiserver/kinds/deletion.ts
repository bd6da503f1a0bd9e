import { metaOf, type MutableObject } from "../answers/json-object.ts";
import type { DeleteRequest } from "../request/delete-options.ts";
import type { Target } from "../request/target.ts";
import { failure } from "../answers/status-error.ts";
import type { Status } from "../../../kube/status.ts";
import { timestamp } from "../../../kube/time.ts";
import type { Resource } from "./resource.ts";
import type { KeptObject } from "./served-object.ts";

/** What deleting an object means. Source: apiserver registry/generic/registry/store.go and registry/rest/delete.go. */

/** Sets the deletion time, the grace period and the finalizer that the propagation policy asks for. */
export function markDeleted(target: Target, object: MutableObject, options: DeleteRequest, now: Date): void {
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

/** Throws 409 if the object is not the one, or not the version, that the client means. */
export function checkPreconditions(resource: Resource, stored: KeptObject, options: DeleteRequest): void {
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

/** The answer to a delete of what is gone at once, as JSON. */
export function deletedStatus(resource: Resource, stored: KeptObject): string {
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

const DEPENDENTS_FINALIZERS = ["orphan", "foregroundDeletion"];
