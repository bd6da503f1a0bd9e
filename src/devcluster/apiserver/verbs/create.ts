import { randomUUID, randomInt } from "node:crypto";
import { metaOf, type JsonObject } from "../../../kube/json-object.ts";
import {
  checkNamespace,
  requireNamespace,
  setSystemFields,
  validateNew,
} from "../../../kube/kinds/creation.ts";
import { trackUpdate } from "../../../kube/kinds/field-writes.ts";
import { servedJson } from "../../../kube/kinds/served-object.ts";
import type { WriteTarget } from "../../../kube/request/write-target.ts";
import { alreadyExists, badRequest } from "../../../kube/status-error.ts";
import type { ApiContext } from "../context.ts";
import { keyOf } from "../storage/store.ts";
import { admitObject, putObject } from "./write.ts";

const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const MAXIMUM_GENERATED_PREFIX = 58;

/** Creates a decoded object; answers what is stored, or would be on a dry run, as JSON. */
export async function createObject(
  context: ApiContext,
  target: WriteTarget,
  object: JsonObject,
  applied = false,
): Promise<string> {
  const { resource, namespace, options, warnings, user } = target;
  checkNamespace(target, metaOf(object));
  if (metaOf(object).resourceVersion) {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const meta = metaOf(object);
  if (!meta.name && meta.generateName) meta.name = generatedName(meta.generateName);
  setSystemFields(resource, object, randomUUID(), context.now());
  resource.strategy.setDefaults?.(object);
  // What admission and the kind's strategy add belongs to nobody.
  if (!applied) trackUpdate(resource, undefined, object, { ...options, subresource: "", now: context.now() });
  resource.strategy.prepareForCreate?.(object);
  const name = metaOf(object).name ?? "";
  if (resource.namespaced) {
    const stored = context.store.table("/namespaces").get(namespace);
    requireNamespace(stored && (JSON.parse(stored.json) as JsonObject), target, name);
  }
  const { dryRun } = options;
  const attempt = {
    operation: "CREATE",
    resource,
    subresource: "",
    namespace,
    name,
    old: undefined,
    dryRun,
    user,
  } as const;
  const admitted = await admitObject(context, attempt, object, warnings, {
    restore: (changed) => resource.strategy.setDefaults?.(changed),
    check: (complete) => validateNew(resource, complete),
  });
  return storeNew(context, target, admitted);
}

async function storeNew(context: ApiContext, target: WriteTarget, object: JsonObject): Promise<string> {
  const { resource, namespace } = target;
  const meta = metaOf(object);
  const exists = () => context.store.table(resource.storage).get(keyOf(namespace, meta.name ?? ""));
  const qualified = { group: resource.group, resource: resource.plural };
  if (exists() !== undefined) {
    const prefix = meta.generateName;
    // Only what the server made up itself may be made up again.
    if (!prefix || !meta.name?.startsWith(prefix)) throw alreadyExists(qualified, meta.name ?? "");
    for (let attempt = 0; attempt < 8 && exists() !== undefined; attempt++) meta.name = generatedName(prefix);
    if (exists() !== undefined) throw alreadyExists(qualified, meta.name);
  }
  if (target.options.dryRun) return JSON.stringify(object);
  return servedJson(resource, await putObject(context, resource, object));
}

/** `prefix` and five characters, as the server makes names up. */
export function generatedName(prefix: string): string {
  const base = prefix.slice(0, MAXIMUM_GENERATED_PREFIX);
  const suffix = Array.from({ length: 5 }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]);
  return base + suffix.join("");
}
