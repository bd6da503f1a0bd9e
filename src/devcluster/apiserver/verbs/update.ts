import { metaOf, type JsonObject } from "../../../kube/json-object.ts";
import { trackUpdate } from "../../../kube/kinds/field-writes.ts";
import { readObject, servedJson } from "../../../kube/kinds/served-object.ts";
import {
  checkIdentity,
  countGeneration,
  isUnchanged,
  keepSystemFields,
  mergeParts,
  requireVersion,
  validateChange,
  isFinished,
} from "../../../kube/kinds/update-rules.ts";
import type { UpdateTarget } from "../../../kube/request/write-target.ts";
import { notFound, staleWrite } from "../../../kube/status-error.ts";
import type { ApiContext } from "../context.ts";
import { keyOf } from "../storage/store.ts";
import type { StoredObject } from "../storage/table.ts";
import { admitObject, putObject } from "./write.ts";

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
  const { stored, current, object } = write;
  keepSystemFields(metaOf(object), metaOf(current));
  resource.strategy.setDefaults?.(object);
  if (!write.tracked) {
    trackUpdate(resource, current, object, { ...options, subresource, now: context.now() });
  }
  mergeParts(resource, subresource, object, current);
  const { namespace, name } = target;
  const { dryRun } = options;
  const attempt = {
    operation: "UPDATE",
    resource,
    subresource,
    namespace,
    name,
    old: current,
    dryRun,
    user,
  } as const;
  const admitted = await admitObject(context, attempt, object, warnings, {
    restore(changed) {
      keepSystemFields(metaOf(changed), metaOf(current));
      mergeParts(resource, subresource, changed, current);
    },
    check(complete) {
      countGeneration(resource, subresource, complete, current);
      validateChange(resource, subresource, complete, current, name);
    },
  });
  if (context.store.table(resource.storage).get(stored.key) !== stored) return undefined;
  return storeChange(context, target, stored, current, admitted);
}

async function storeChange(
  context: ApiContext,
  target: UpdateTarget,
  stored: StoredObject,
  current: JsonObject,
  object: JsonObject,
): Promise<string> {
  const { resource } = target;
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
  return servedJson(resource, await putObject(context, resource, object));
}
