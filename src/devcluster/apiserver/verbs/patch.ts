import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { applyConfiguration } from "../kinds/field-writes.ts";
import { isApply } from "../request/accept.ts";
import { decodeObject } from "../request/body.ts";
import { applyPatch, readConfiguration, readPatch } from "../request/patch-body.ts";
import type { WriteTarget } from "../request/target.ts";
import type { ApiContext } from "../context.ts";
import type { ApiRequest } from "../http/request.ts";
import { keyOf } from "../storage/table.ts";
import { createObject } from "./create.ts";
import { updateObject } from "./update.ts";

/** What a PATCH comes to: 200 or, if an apply created the object, 201, and the object as JSON. */
interface Patched {
  status: number;
  json: string;
}

/** Answers a PATCH. */
export async function patchObject(
  context: ApiContext,
  target: WriteTarget,
  request: ApiRequest,
): Promise<Patched> {
  if (isApply(request.headers["content-type"])) return applyObject(context, target, request.body);
  const patch = readPatch(target, request);
  const change = (current: MutableObject) => ({ object: applyPatch(target, patch, current) });
  return { status: 200, json: await updateObject(context, target, change, true) };
}

async function applyObject(context: ApiContext, target: WriteTarget, body: string): Promise<Patched> {
  const { resource, namespace, name, subresource, options } = target;
  const configuration = readConfiguration(target, body);
  const apply = (live: MutableObject | undefined): MutableObject => {
    const applier = { ...options, subresource, now: context.now() };
    const merged = applyConfiguration(resource, live, configuration, applier);
    // What Go always shows of an object is there again, if nobody owns it.
    return decodeObject(resource, merged, { fieldValidation: "Ignore" }, []);
  };
  const exists = context.store.table(resource.storage).get(keyOf(namespace, name)) !== undefined;
  if (!exists && subresource === "") {
    const object = apply(undefined);
    metaOf(object).name = name;
    return { status: 201, json: await createObject(context, target, object, true) };
  }
  const change = (current: MutableObject) => ({ object: apply(current), tracked: true });
  return { status: 200, json: await updateObject(context, target, change, true) };
}
