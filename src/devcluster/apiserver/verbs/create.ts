import { randomInt, randomUUID } from "node:crypto";
import type { ObjectMeta } from "../../../kube/objects.ts";
import type { ApiContext } from "../context.ts";
import { timestamp } from "../../../kube/time.ts";
import type { JsonObject } from "../../../kube/json-object.ts";
import { alreadyExists, badRequest, forbidden, invalid, notFound } from "../../../kube/status-error.ts";
import { trackUpdate } from "../managed-fields.ts";
import { metaOf, partOf, textOf } from "../../../kube/json-object.ts";
import { servedJson, storedJson } from "../objects.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import { keyOf } from "../storage/store.ts";
import type { User } from "../../../kube/access/user.ts";
import { validateMetadata } from "../../../kube/kinds/validate/metadata.ts";
import { decodeObject } from "../../../kube/request/body.ts";
import type { WriteOptions } from "../../../kube/request/options.ts";

/** Where a write goes and who wants it. */
export interface WriteTarget {
  readonly resource: Resource;
  readonly namespace: string;
  readonly user: User;
  readonly options: WriteOptions;
  readonly warnings: string[];
}

const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const MAXIMUM_GENERATED_PREFIX = 58;

/** Creates a decoded object; answers what is stored, or would be on a dry run, as JSON. */
export async function createObject(
  context: ApiContext,
  target: WriteTarget,
  decoded: JsonObject,
  applied = false,
): Promise<string> {
  const { resource, options, warnings, user } = target;
  let object = decoded;
  checkNamespace(target, metaOf(object));
  if (metaOf(object).resourceVersion) {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  setSystemFields(context, resource, target.namespace, object);
  resource.strategy.setDefaults?.(object);
  // What admission and the kind's strategy add belongs to nobody.
  if (!applied) trackUpdate(resource, undefined, object, { ...options, subresource: "", now: context.now() });
  resource.strategy.prepareForCreate?.(object);
  requireNamespace(context, target, metaOf(object).name ?? "");
  const attempt = {
    operation: "CREATE",
    resource,
    subresource: "",
    namespace: target.namespace,
    name: metaOf(object).name ?? "",
    old: undefined,
    dryRun: options.dryRun,
    user,
  } as const;
  context.admission.admit({ ...attempt, object }, warnings);
  if (context.admission.isActive()) {
    const changed = await context.admission.mutate({ ...attempt, object }, warnings);
    if (changed !== undefined && changed !== object) {
      object = decodeObject(resource, changed, { fieldValidation: "Ignore" }, []);
      resource.strategy.setDefaults?.(object);
    }
  }
  validateNew(resource, object);
  if (context.admission.isActive()) await context.admission.validate({ ...attempt, object }, warnings);
  return storeNew(context, target, object);
}

function validateNew(resource: Resource, object: JsonObject): void {
  const meta = metaOf(object);
  const errors = [...validateMetadata(resource, meta), ...(resource.strategy.validate?.(object) ?? [])];
  if (errors.length > 0) throw invalid(resource, meta.name ?? meta.generateName ?? "", errors);
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
  const stored = await context.store.put(resource.storage, {
    namespace,
    name: meta.name ?? "",
    labels: meta.labels,
    uid: meta.uid ?? "",
    json(version) {
      meta.resourceVersion = String(version);
      return storedJson(resource, object);
    },
  });
  return servedJson(resource, stored);
}

/** Refuses an object that names another namespace than the path, and fills in the path's. */
export function checkNamespace(target: WriteTarget, meta: ObjectMeta): void {
  if (!target.resource.namespaced) {
    delete meta.namespace;
    return;
  }
  if (meta.namespace && meta.namespace !== target.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  meta.namespace = target.namespace;
}

/** New objects need a namespace that exists and is not being removed. */
function requireNamespace(context: ApiContext, target: WriteTarget, name: string): void {
  const { resource, namespace } = target;
  if (!resource.namespaced) return;
  const stored = context.store.table("/namespaces").get(namespace);
  if (stored === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
  const found = JSON.parse(stored.json) as JsonObject;
  if (textOf(partOf(found, "status"), "phase") !== "Terminating") return;
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

/** Sets what only the server sets. */
function setSystemFields(
  context: ApiContext,
  resource: Resource,
  namespace: string,
  object: JsonObject,
): void {
  const meta = metaOf(object);
  if (!meta.name && meta.generateName) meta.name = generatedName(meta.generateName);
  if (resource.namespaced) meta.namespace = namespace;
  meta.uid = randomUUID();
  meta.creationTimestamp = timestamp(context.now());
  for (const field of ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] as const) {
    delete (meta as Record<string, unknown>)[field];
  }
  if (resource.strategy.generation) meta.generation = 1;
  else delete meta.generation;
}

/** `prefix` and five characters, as the server makes names up. */
export function generatedName(prefix: string): string {
  const base = prefix.slice(0, MAXIMUM_GENERATED_PREFIX);
  const suffix = Array.from({ length: 5 }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]);
  return base + suffix.join("");
}
