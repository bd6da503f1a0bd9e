import { checkPreconditions, deletedStatus, markDeleted } from "../kinds/deletion.ts";
import { readObject, servedJson } from "../kinds/served-object.ts";
import { isFinished } from "../kinds/update-rules.ts";
import type { DeleteRequest } from "../request/delete-options.ts";
import type { Target } from "../request/target.ts";
import type { ApiContext } from "../context.ts";
import type { StoredObject } from "../storage/table.ts";
import { findObject } from "./list.ts";
import { putObject } from "./write.ts";

/** Deletes, or marks as being deleted what something still holds. Answers a Status or the object, as JSON. */
export async function deleteObject(
  context: ApiContext,
  target: Target,
  options: DeleteRequest,
): Promise<string> {
  const { resource } = target;
  const stored = findObject(context, target);
  checkPreconditions(resource, stored, options);
  if (context.admission.isActive()) {
    const old = readObject(resource, stored);
    const { dryRun } = options;
    const attempt = { ...target, operation: "DELETE", object: undefined, old, dryRun } as const;
    await context.admission.mutate(attempt);
    await context.admission.validate(attempt);
    if (context.store.table(resource.storage).get(stored.key) !== stored)
      return deleteObject(context, target, options);
  }
  return removeOrMark(context, target, stored, options);
}

async function removeOrMark(
  context: ApiContext,
  target: Target,
  stored: StoredObject,
  options: DeleteRequest,
): Promise<string> {
  const { resource } = target;
  const object = readObject(resource, stored);
  const before = JSON.stringify(object);
  markDeleted(target, object, options, context.now());
  if (isFinished(resource, object)) {
    if (options.dryRun) return JSON.stringify(object);
    const isNoticed = resource.strategy.gracePeriodSeconds !== undefined && JSON.stringify(object) !== before;
    // That it is to be deleted at once is its own version for kinds that are deleted gracefully.
    if (isNoticed) await putObject(context, resource, object);
    await context.store.remove(resource.storage, stored.key);
    return resource.strategy.returnsDeleted ? JSON.stringify(object) : deletedStatus(resource, stored);
  }
  if (options.dryRun) return JSON.stringify(object);
  if (JSON.stringify(object) === before) {
    await context.store.settled();
    return servedJson(resource, stored);
  }
  return servedJson(resource, await putObject(context, resource, object));
}
