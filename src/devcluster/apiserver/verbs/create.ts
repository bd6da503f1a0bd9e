import { randomUUID, randomInt } from "node:crypto";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import {
  checkNamespace,
  dropRepeatedOwners,
  generateName,
  requireNamespace,
  setSystemFields,
  validateNew,
} from "../kinds/creation.ts";
import { trackUpdate } from "../kinds/field-writes.ts";
import { servedJson } from "../kinds/served-object.ts";
import type { WriteTarget } from "../request/target.ts";
import { alreadyExists, badRequest } from "../answers/status-error.ts";
import type { ApiContext } from "../context.ts";
import { keyOf } from "../storage/table.ts";
import { admitObject, putObject } from "./write.ts";

const GENERATED_ATTEMPTS = 8;
const pick = (below: number): number => randomInt(below);

/** Creates a decoded object; answers what is stored, or would be on a dry run, as JSON. */
export async function createObject(
  context: ApiContext,
  target: WriteTarget,
  object: MutableObject,
  applied = false,
): Promise<string> {
  const { resource, namespace, options } = target;
  const meta = metaOf(object);
  checkNamespace(target, meta);
  // A dry run ends before the storage, which checks this.
  if (meta.resourceVersion && !options.dryRun) {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  dropRepeatedOwners(meta, target.warnings, applied);
  if (!meta.name && meta.generateName) meta.name = generateName(meta.generateName, pick);
  setSystemFields(resource, object, randomUUID(), context.now());
  resource.strategy.setDefaults?.(object);
  // What admission and the kind's strategy add belongs to nobody.
  if (!applied) trackUpdate(resource, undefined, object, { ...options, subresource: "", now: context.now() });
  resource.strategy.prepareForCreate?.(object);
  const name = metaOf(object).name ?? "";
  if (resource.namespaced) requireNamespace(context.objects.get("/namespaces", namespace), target, name);
  const { dryRun } = options;
  const admitted = await admitObject(
    context,
    { ...target, operation: "CREATE", name, object, old: undefined, dryRun },
    {
      restore: (changed) => resource.strategy.setDefaults?.(changed),
      check: (complete) => validateNew(resource, complete),
    },
  );
  return storeNew(context, target, admitted);
}

async function storeNew(context: ApiContext, target: WriteTarget, object: MutableObject): Promise<string> {
  const { resource, namespace } = target;
  const meta = metaOf(object);
  const table = context.store.table(resource.storage);
  const isTaken = () => table.get(keyOf(namespace, meta.name ?? "")) !== undefined;
  const prefix = meta.generateName;
  // Only what the server made up itself may be made up again.
  if (prefix && meta.name?.startsWith(prefix)) {
    for (let attempt = 0; isTaken() && attempt < GENERATED_ATTEMPTS; attempt++) {
      meta.name = generateName(prefix, pick);
    }
  }
  if (isTaken()) throw alreadyExists({ group: resource.group, resource: resource.plural }, meta.name ?? "");
  if (target.options.dryRun) return JSON.stringify(object);
  return servedJson(resource, await putObject(context, resource, object));
}
