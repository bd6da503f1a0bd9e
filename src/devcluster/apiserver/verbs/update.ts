import { invalid as invalidField, type FieldError } from "../../../kube/field-errors.ts";
import { jsonEqual } from "../../../kube/json.ts";
import type { ObjectMeta } from "../../../kube/objects.ts";
import type { JsonObject } from "../../../kube/json-object.ts";
import type { ApiContext } from "../context.ts";
import { badRequest, conflict, invalid, notFound, staleWrite } from "../../../kube/status-error.ts";
import { trackUpdate } from "../managed-fields.ts";
import { metaOf } from "../../../kube/json-object.ts";
import { readObject, servedJson, storedJson } from "../objects.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import { keyOf } from "../storage/store.ts";
import type { StoredObject } from "../storage/table.ts";
import { validateMetadataUpdate } from "../../../kube/kinds/validate/metadata.ts";
import { decodeObject } from "../../../kube/request/body.ts";
import { checkNamespace, type WriteTarget } from "./create.ts";

export interface UpdateTarget extends WriteTarget {
  readonly name: string;
  readonly subresource: string;
}

/** What an update makes of the current object; `tracked`: its managedFields are already right. */
export interface Change {
  object: JsonObject;
  tracked?: boolean;
}

const ATTEMPTS = 5;

/**
 * Reads the object, lets `change` make the new one, and stores it if the object is still the one that
 * was read; else does it again. Answers the stored object as JSON. `patching`: a missing
 * resourceVersion means the latest.
 */
export async function updateObject(
  context: ApiContext,
  target: UpdateTarget,
  change: (current: JsonObject) => Change,
  patching: boolean,
): Promise<string> {
  const { resource, name } = target;
  const table = context.store.table(resource.storage);
  const key = keyOf(target.namespace, name);
  const group = { group: resource.group, resource: resource.plural };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = table.get(key);
    if (stored === undefined) throw notFound(group, name);
    const current = readObject(resource, stored);
    const { object, tracked } = change(readObject(resource, stored));
    const wanted = metaOf(object).resourceVersion;
    const isUnconditional = wanted === undefined || (patching && wanted === String(stored.version));
    checkIdentity(target, object, current);
    if (wanted !== undefined && wanted !== String(stored.version)) throw staleWrite(group, name);
    if (wanted === undefined && !patching) requireVersion(resource, name);
    const written = await writeChange(context, target, {
      stored,
      current,
      object,
      tracked: tracked ?? false,
    });
    if (written !== undefined) return written;
    if (!isUnconditional) throw staleWrite(group, name);
  }
  throw staleWrite(group, name);
}

function checkIdentity(target: UpdateTarget, object: JsonObject, current: JsonObject): void {
  const meta = metaOf(object);
  const old = metaOf(current);
  if (!meta.name) meta.name = target.name;
  if (meta.name !== target.name) {
    throw badRequest(
      `the name of the object (${meta.name}) does not match the name on the URL (${target.name})`,
    );
  }
  checkNamespace(target, meta);
  if (meta.uid && meta.uid !== old.uid) {
    throw conflict(
      { group: target.resource.group, resource: target.resource.plural },
      target.name,
      `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.uid}`,
    );
  }
}

function requireVersion(resource: Resource, name: string): void {
  if (resource.strategy.unconditionalUpdate) return;
  throw invalid(resource, name, [
    invalidField("metadata.resourceVersion", 0, "must be specified for an update"),
  ]);
}

interface Write {
  stored: StoredObject;
  current: JsonObject;
  object: JsonObject;
  tracked: boolean;
}

/** Undefined when someone else wrote while webhooks were asked. */
async function writeChange(
  context: ApiContext,
  target: UpdateTarget,
  write: Write,
): Promise<string | undefined> {
  const { resource, options, subresource, user, warnings } = target;
  const { stored, current } = write;
  let { object } = write;
  keepSystemFields(metaOf(object), metaOf(current));
  resource.strategy.setDefaults?.(object);
  if (!write.tracked) {
    trackUpdate(resource, current, object, { ...options, subresource, now: context.now() });
  }
  mergeParts(resource, subresource, object, current);
  const attempt = {
    operation: "UPDATE",
    resource,
    subresource,
    namespace: target.namespace,
    name: target.name,
    old: current,
    dryRun: options.dryRun,
    user,
  } as const;
  context.admission.admit({ ...attempt, object }, warnings);
  if (context.admission.isActive()) {
    const changed = await context.admission.mutate({ ...attempt, object }, warnings);
    if (changed !== undefined && changed !== object) {
      object = decodeObject(resource, changed, { fieldValidation: "Ignore" }, []);
      keepSystemFields(metaOf(object), metaOf(current));
      mergeParts(resource, subresource, object, current);
    }
  }
  countGeneration(resource, subresource, object, current);
  validateChange(resource, subresource, object, current, target.name);
  if (context.admission.isActive()) await context.admission.validate({ ...attempt, object }, warnings);
  if (context.store.table(resource.storage).get(stored.key) !== stored) return undefined;
  return storeChange(context, target, stored, current, object);
}

/** What a client cannot change, whatever it sends. */
function keepSystemFields(meta: ObjectMeta, old: ObjectMeta): void {
  const fields = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
  ] as const;
  const target = meta as Record<string, unknown>;
  for (const field of fields) {
    if (field === "generateName" && target[field] !== undefined) continue;
    if (old[field] === undefined) delete target[field];
    else target[field] = old[field];
  }
}

/** A write to `/status` changes the status only; a write to the object, everything else. */
function mergeParts(resource: Resource, subresource: string, object: JsonObject, current: JsonObject): void {
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

function countGeneration(
  resource: Resource,
  subresource: string,
  object: JsonObject,
  current: JsonObject,
): void {
  if (!resource.strategy.generation || subresource === "status") return;
  const content = (whole: JsonObject): JsonObject => {
    const { metadata: _metadata, status, ...rest } = whole;
    return resource.hasStatus ? rest : { ...rest, status };
  };
  if (jsonEqual(content(object), content(current))) return;
  metaOf(object).generation = (metaOf(current).generation ?? 0) + 1;
}

function validateChange(
  resource: Resource,
  subresource: string,
  object: JsonObject,
  current: JsonObject,
  name: string,
): void {
  const { strategy } = resource;
  const metadata = validateMetadataUpdate(metaOf(object), metaOf(current));
  // A real server checks metadata twice, and lists what it finds twice.
  const errors: FieldError[] = [...metadata, ...metadata];
  if (subresource === "status") errors.push(...(strategy.validateStatusUpdate?.(object, current) ?? []));
  // What other subresources change, the server changes itself.
  else if (subresource === "") errors.push(...(strategy.validateUpdate?.(object, current) ?? []));
  if (errors.length > 0) throw invalid(resource, name, errors);
}

async function storeChange(
  context: ApiContext,
  target: UpdateTarget,
  stored: StoredObject,
  current: JsonObject,
  object: JsonObject,
): Promise<string> {
  const { resource } = target;
  const meta = metaOf(object);
  if (isUnchanged(object, current)) {
    await context.store.settled();
    return servedJson(resource, stored);
  }
  if (target.options.dryRun) return JSON.stringify(object);
  if (isFinished(resource, object)) {
    const answer = JSON.stringify(object);
    await context.store.remove(resource.storage, stored.key);
    return answer;
  }
  const { namespace, name, uid } = stored;
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

/** A write that changes nothing but times of managed fields is none. */
function isUnchanged(object: JsonObject, current: JsonObject): boolean {
  const timeless = (whole: JsonObject): JsonObject => {
    const meta = metaOf(whole);
    const managedFields = meta.managedFields?.map(({ time: _time, ...entry }) => entry);
    return { ...whole, metadata: { ...meta, managedFields } };
  };
  return jsonEqual(timeless(object), timeless(current));
}

/** Deleted, and nothing holds it any more. */
export function isFinished(resource: Resource, object: JsonObject): boolean {
  const meta = metaOf(object);
  return (
    meta.deletionTimestamp !== undefined &&
    (meta.finalizers ?? []).length === 0 &&
    (meta.deletionGracePeriodSeconds ?? 0) === 0 &&
    !(resource.strategy.isHeld?.(object) ?? false)
  );
}
