import { invalid as invalidField } from "../../../kube/field-errors.ts";
import { isJsonObject, metaOf, type JsonObject } from "../../../kube/json-object.ts";
import { applyConfiguration } from "../../../kube/kinds/field-writes.ts";
import { mediaTypeOf } from "../../../kube/request/accept.ts";
import { decodeObject, parseYamlText, requireShallow } from "../../../kube/request/body.ts";
import { APPLY, checkApplied, keepMentioned, readPatch } from "../../../kube/request/patch-body.ts";
import type { UpdateTarget } from "../../../kube/request/write-target.ts";
import { badRequest, invalid, StatusError } from "../../../kube/status-error.ts";
import type { ApiContext } from "../context.ts";
import type { ApiRequest } from "../http/request.ts";
import { keyOf } from "../storage/store.ts";
import { createObject } from "./create.ts";
import { updateObject, type Change } from "./update.ts";

/** Answers a PATCH: 200 or, where an apply created the object, 201, and the object as JSON. */
export async function patchObject(
  context: ApiContext,
  target: UpdateTarget,
  request: ApiRequest,
): Promise<{ status: number; json: string }> {
  const media = mediaTypeOf(request.headers["content-type"]);
  const { resource } = target;
  if (media === APPLY) return applyPatch(context, target, request.body);
  const patch = readPatch(resource, media, request.body);
  const change = (current: JsonObject): Change => {
    const patched = patch(current);
    return { object: decodePatched(target, patched, current) };
  };
  return { status: 200, json: await updateObject(context, target, change, true) };
}

function decodePatched(target: UpdateTarget, patched: unknown, current: JsonObject): JsonObject {
  const { resource, options, warnings } = target;
  const refuse = (why: string): StatusError =>
    invalid({ group: "", kind: "" }, "", [invalidField("patch", JSON.stringify(patched), why)]);
  if (!isJsonObject(patched)) throw refuse("the result is no object");
  for (const field of ["kind", "apiVersion"] as const) {
    if (patched[field] !== undefined && patched[field] !== current[field]) {
      throw badRequest(
        `the patch may not change ${field} from ${JSON.stringify(current[field])} to ${JSON.stringify(patched[field])}`,
      );
    }
  }
  try {
    return decodeObject(resource, patched, options, warnings);
  } catch (error) {
    // Only what the type refuses; what field validation refuses stays a 400.
    const why = /^.*? cannot be handled as a [^:]*: (.*)$/s.exec(
      error instanceof StatusError ? error.message : "",
    );
    if (why === null || why[1]?.startsWith("strict decoding error")) throw error;
    throw refuse(why[1] ?? "");
  }
}

async function applyPatch(
  context: ApiContext,
  target: UpdateTarget,
  body: string,
): Promise<{ status: number; json: string }> {
  const { resource, options, warnings, name } = target;
  const document = parseYamlText(body);
  requireShallow(document);
  if (!isJsonObject(document)) throw badRequest("error decoding YAML: the body must be an object");
  checkApplied(resource, document);
  const decoded = decodeApplied(target, document, warnings);
  const key = keyOf(target.namespace, name);
  const apply = (live: JsonObject | undefined): JsonObject => {
    const merged = applyConfiguration(resource, live, decoded, {
      fieldManager: options.fieldManager,
      force: options.force,
      subresource: target.subresource,
      now: context.now(),
    });
    // What Go always shows of an object is there again, where nobody owns it.
    return decodeObject(resource, merged, { fieldValidation: "Ignore" }, []);
  };
  const exists = context.store.table(resource.storage).get(key) !== undefined;
  if (!exists && target.subresource === "") {
    const object = apply(undefined);
    metaOf(object).name = name;
    return { status: 201, json: await createObject(context, target, object, true) };
  }
  const change = (current: JsonObject): Change => ({ object: apply(current), tracked: true });
  return { status: 200, json: await updateObject(context, target, change, true) };
}

/**
 * Checks the configuration as its kind and drops unknown fields, but adds nothing: what is not in it is
 * not owned.
 */
function decodeApplied(target: UpdateTarget, document: JsonObject, warnings: string[]): JsonObject {
  const decoded = decodeObject(target.resource, document, target.options, warnings);
  return keepMentioned(document, decoded) as JsonObject;
}
