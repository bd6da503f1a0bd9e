import { invalid as invalidField } from "../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { jsonEqual } from "../../../kube/json.ts";
import type { ObjectMeta } from "../../../kube/objects.ts";
import type { Target, WriteTarget } from "../request/target.ts";
import { readVersion } from "../request/query.ts";
import { invalid, badRequest, conflict, failure, staleWrite } from "../answers/status-error.ts";
import { checkNamespace } from "./creation.ts";
import { trackUpdate } from "./field-writes.ts";
import type { Resource } from "./resource.ts";
import type { KeptObject } from "./served-object.ts";
import { validateMetadataUpdate } from "./validate/metadata.ts";

/** What an update may change, and what it means. Source: apiserver registry/rest and generic registry. */

/** Throws 400 or 409 if the new object is another one than the path names. `patching`: its uid is validated later. */
export function checkIdentity(
  target: Target,
  object: MutableObject,
  current: MutableObject,
  patching: boolean,
): void {
  const meta = metaOf(object);
  const old = metaOf(current);
  if (!meta.name) {
    throw badRequest(
      `the name of the object (${target.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (meta.name !== target.name) {
    throw badRequest(
      `the name of the object (${meta.name}) does not match the name on the URL (${target.name})`,
    );
  }
  checkNamespace(target, meta);
  if (!patching && meta.uid && meta.uid !== old.uid) {
    throw conflict(
      { group: target.resource.group, resource: target.resource.plural },
      target.name,
      `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.uid}`,
    );
  }
}

/**
 * Throws 409 if the version that a client wants to replace is not the stored one, and 422 if a PUT
 * must name one. `patching`: a missing version means the latest.
 */
export function checkVersion(
  { resource, name }: Target,
  wanted: string | undefined,
  stored: KeptObject,
  patching: boolean,
): void {
  const { value, error } = readVersion(wanted ?? "0");
  if (error !== undefined) throw failure(500, undefined, error);
  if (value !== 0 && value !== stored.version) {
    throw staleWrite({ group: resource.group, resource: resource.plural }, name);
  }
  if (value !== 0 || patching || resource.strategy.unconditionalUpdate) return;
  throw invalid(resource, name, [
    invalidField("metadata.resourceVersion", 0, "must be specified for an update"),
  ]);
}

/** Makes of what a client wrote what admission is to see; `tracked`: its managedFields are already right. */
export function prepareChange(
  target: WriteTarget,
  object: MutableObject,
  current: MutableObject,
  { tracked, now }: { tracked: boolean; now: Date },
): void {
  const { resource, subresource, options } = target;
  keepSystemFields(metaOf(object), metaOf(current));
  resource.strategy.setDefaults?.(object);
  if (!tracked) trackUpdate(resource, current, object, { ...options, subresource, now });
  mergeParts(resource, subresource, object, current);
}

/** Puts back what a write to this target cannot change, in an object that webhooks have changed. */
export function keepWhatIsNotWritten(
  { resource, subresource }: Target,
  object: MutableObject,
  current: MutableObject,
): void {
  keepSystemFields(metaOf(object), metaOf(current));
  mergeParts(resource, subresource, object, current);
}

/** What a client cannot change, whatever it sends, or need not send. Source: apiserver rest/update.go BeforeUpdate. */
function keepSystemFields(meta: ObjectMeta, old: ObjectMeta): void {
  const target = meta as Record<string, unknown>;
  for (const field of ["resourceVersion", "generation", "creationTimestamp"] as const) {
    if (old[field] === undefined) delete target[field];
    else target[field] = old[field];
  }
  if (old.deletionTimestamp !== undefined) meta.deletionTimestamp = old.deletionTimestamp;
  for (const field of ["uid", "deletionGracePeriodSeconds", "generateName"] as const) {
    if (old[field] !== undefined) target[field] ||= old[field];
  }
}

/** A write to `/status` changes the status only; a write to the object, everything else. */
function mergeParts(
  resource: Resource,
  subresource: string,
  object: MutableObject,
  current: MutableObject,
): void {
  if (subresource === "status") {
    for (const field of new Set([...Object.keys(object), ...Object.keys(current)])) {
      if (field === "status" || field === "metadata") continue;
      if (field in current) object[field] = current[field];
      else delete object[field];
    }
    if (!resource.custom) return;
    const { managedFields, resourceVersion } = metaOf(object);
    object["metadata"] = { ...metaOf(current), managedFields, resourceVersion };
    return;
  }
  if (resource.hasStatus && subresource === "") {
    if ("status" in current) object["status"] = current["status"];
    else delete object["status"];
  }
  if (subresource === "") resource.strategy.prepareForUpdate?.(object, current);
}

/** Counts a change of what is not metadata or status. */
function countGeneration(
  resource: Resource,
  subresource: string,
  object: MutableObject,
  current: MutableObject,
): void {
  if (!resource.strategy.generation || subresource === "status") return;
  const content = (whole: MutableObject): MutableObject => {
    const { metadata: _metadata, status, ...rest } = whole;
    return resource.hasStatus ? rest : { ...rest, status };
  };
  if (jsonEqual(content(object), content(current))) return;
  metaOf(object).generation = (metaOf(current).generation ?? 0) + 1;
}

/** Counts the change in `metadata.generation`, and throws 422 with everything that is wrong with it. */
export function checkChange(target: Target, object: MutableObject, current: MutableObject): void {
  const { resource, subresource, name } = target;
  const { strategy } = resource;
  countGeneration(resource, subresource, object, current);
  const errors = validateMetadataUpdate(resource, metaOf(object), metaOf(current));
  if (subresource === "status") errors.push(...(strategy.validateStatusUpdate?.(object, current) ?? []));
  // What other subresources change, the server changes itself.
  else if (subresource === "") errors.push(...(strategy.validateUpdate?.(object, current) ?? []));
  if (errors.length > 0) throw invalid(resource, name, errors);
}

/** A write that changes nothing but times of managed fields is none. */
export function isUnchanged(object: MutableObject, current: MutableObject): boolean {
  const timeless = (whole: MutableObject): MutableObject => {
    const meta = metaOf(whole);
    const managedFields = meta.managedFields?.map(({ time: _time, ...entry }) => entry);
    return { ...whole, metadata: { ...meta, managedFields } };
  };
  return jsonEqual(timeless(object), timeless(current));
}

/** Deleted, and nothing holds it any more. */
export function isFinished(resource: Resource, object: MutableObject): boolean {
  const meta = metaOf(object);
  return (
    meta.deletionTimestamp !== undefined &&
    (meta.finalizers ?? []).length === 0 &&
    (meta.deletionGracePeriodSeconds ?? 0) === 0 &&
    !(resource.strategy.isHeld?.(object) ?? false)
  );
}
