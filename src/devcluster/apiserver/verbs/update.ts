import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { dropRepeatedOwners } from "../kinds/creation.ts";
import { readObject, servedJson } from "../kinds/served-object.ts";
import {
  checkChange,
  checkIdentity,
  checkVersion,
  isFinished,
  isUnchanged,
  keepWhatIsNotWritten,
  prepareChange,
} from "../kinds/update-rules.ts";
import type { WriteTarget } from "../request/target.ts";
import { staleWrite } from "../answers/status-error.ts";
import type { ApiContext } from "../context.ts";
import type { StoredObject } from "../storage/table.ts";
import { findObject } from "./list.ts";
import { admitObject, putObject } from "./write.ts";

/** What an update makes of the current object; `tracked`: its managedFields are already right. */
export interface Change {
  object: MutableObject;
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
  target: WriteTarget,
  change: (current: MutableObject) => Change,
  patching: boolean,
): Promise<string> {
  const { resource, name, options } = target;
  const table = context.store.table(resource.storage);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = findObject(context, target);
    const current = readObject(resource, stored);
    const { object, tracked = false } = change(readObject(resource, stored));
    const wanted = metaOf(object).resourceVersion;
    checkIdentity(target, object, current, patching);
    dropRepeatedOwners(metaOf(object), target.warnings, patching);
    checkVersion(target, wanted, stored, patching);
    prepareChange(target, object, current, { tracked, now: context.now() });
    const { dryRun } = options;
    const admitted = await admitObject(
      context,
      { ...target, operation: "UPDATE", object, old: current, dryRun },
      {
        restore: (changed) => keepWhatIsNotWritten(target, changed, current),
        check: (complete) => checkChange(target, complete, current),
      },
    );
    // Someone else may have written while webhooks were asked.
    if (table.get(stored.key) === stored) return storeChange(context, target, stored, current, admitted);
    // A version that a patch left as it was is not one that its client named.
    if (wanted !== undefined && !patching) break;
  }
  throw staleWrite({ group: resource.group, resource: resource.plural }, name);
}

async function storeChange(
  context: ApiContext,
  { resource, options }: WriteTarget,
  stored: StoredObject,
  current: MutableObject,
  object: MutableObject,
): Promise<string> {
  if (isUnchanged(object, current)) {
    await context.store.settled();
    return servedJson(resource, stored);
  }
  if (options.dryRun) return JSON.stringify(object);
  if (isFinished(resource, object)) {
    const answer = JSON.stringify(object);
    await context.store.remove(resource.storage, stored.key);
    return answer;
  }
  return servedJson(resource, await putObject(context, resource, object));
}
