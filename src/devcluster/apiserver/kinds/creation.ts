import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectAt, textAt, jsonEqual } from "../../../kube/json.ts";
import type { ObjectMeta, OwnerReference } from "../../../kube/objects.ts";
import type { Target } from "../request/target.ts";
import { forbidden, invalid, notFound, badRequest } from "../answers/status-error.ts";
import { timestamp } from "../../../kube/time.ts";
import type { Resource } from "./resource.ts";
import { validateMetadata } from "./validate/metadata.ts";

/** What a server makes of a new object. */

/** Refuses an object that names another namespace than the path, and fills in the path's. */
export function checkNamespace(target: Target, meta: ObjectMeta): void {
  if (!target.resource.namespaced) {
    delete meta.namespace;
    return;
  }
  if (meta.namespace && meta.namespace !== target.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  meta.namespace = target.namespace;
}

/** Throws 422 with everything that is wrong with a new object. */
export function validateNew(resource: Resource, object: MutableObject): void {
  const meta = metaOf(object);
  const errors = [...validateMetadata(resource, meta), ...(resource.strategy.validate?.(object) ?? [])];
  if (errors.length > 0) throw invalid(resource, meta.name ?? meta.generateName ?? "", errors);
}

/** Sets what only the server sets. */
export function setSystemFields(resource: Resource, object: MutableObject, uid: string, now: Date): void {
  const meta = metaOf(object);
  meta.uid = uid;
  meta.creationTimestamp = timestamp(now);
  for (const field of ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] as const) {
    delete (meta as Record<string, unknown>)[field];
  }
  if (resource.strategy.generation) meta.generation = 1;
}

/** Drops owner references that are there twice, with a warning. `patching`: by a patch, of which only the result is looked at. */
export function dropRepeatedOwners(meta: ObjectMeta, warnings: string[], patching: boolean): void {
  const owners = meta.ownerReferences ?? [];
  const isRepeated = (owner: OwnerReference, index: number): boolean =>
    owners.slice(0, index).some((earlier) => jsonEqual(earlier, owner));
  const repeated = owners.filter(isRepeated);
  if (repeated.length === 0) return;
  meta.ownerReferences = owners.filter((owner, index) => !isRepeated(owner, index));
  const when = patching ? " after mutating admission happens" : "";
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.map(({ uid }) => uid).join(", ")}`,
  );
}

/** Throws if the namespace of a new object (undefined: there is none) does not take it. */
export function requireNamespace(found: MutableObject | undefined, target: Target, name: string): void {
  const { resource, namespace } = target;
  if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
  if (textAt(objectAt(found, "status"), "phase") !== "Terminating") return;
  const error = forbidden(
    { group: resource.group, resource: resource.plural },
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  error.status.details = {
    ...error.status.details,
    causes: [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  };
  throw error;
}

const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const MAXIMUM_GENERATED_PREFIX = 58;

/** `prefix` and five characters, as the server makes names up. `pick(n)` is any whole number from 0 below n. */
export function generateName(prefix: string, pick: (below: number) => number): string {
  const suffix = Array.from({ length: 5 }, () => SUFFIX_ALPHABET[pick(SUFFIX_ALPHABET.length)]);
  return prefix.slice(0, MAXIMUM_GENERATED_PREFIX) + suffix.join("");
}
