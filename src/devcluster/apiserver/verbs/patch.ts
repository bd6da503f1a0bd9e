import { invalid as invalidField } from "../../../kube/field-errors.ts";
import { applyJsonPatch, parseJsonPatch } from "../../../kube/patch/json-patch.ts";
import { applyMergePatch } from "../../../kube/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../../../kube/patch/strategic-merge-patch.ts";
import { apiVersionOf } from "../../../kube/resources.ts";
import { isJsonObject, type JsonObject } from "../../../kube/json-object.ts";
import type { ApiContext } from "../context.ts";
import {
  badRequest,
  failure,
  invalid,
  StatusError,
  unsupportedMediaType,
} from "../../../kube/status-error.ts";
import { mediaTypeOf } from "../../../kube/request/accept.ts";
import type { ApiRequest } from "../http/request.ts";
import { applyConfiguration } from "../managed-fields.ts";
import { metaOf } from "../../../kube/json-object.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import { keyOf } from "../storage/store.ts";
import { decodeObject, goSyntaxError, parseYamlText } from "../../../kube/request/body.ts";
import { createObject } from "./create.ts";
import { updateObject, type Change, type UpdateTarget } from "./update.ts";

const MAXIMUM_OPERATIONS = 10_000;

const APPLY = "application/apply-patch+yaml";

export function isApply(request: ApiRequest): boolean {
  return mediaTypeOf(request.headers["content-type"]) === APPLY;
}

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

type Patch = (current: JsonObject) => unknown;

function readPatch(resource: Resource, media: string, body: string): Patch {
  if (media === "application/json-patch+json") return readJsonPatch(body);
  if (media === "application/merge-patch+json") {
    const patch = parsePatchBody(body);
    if (!isJsonObject(patch)) throw badRequest("Invalid JSON Patch");
    return (current) => applyMergePatch(current, patch);
  }
  if (media === "application/strategic-merge-patch+json") {
    if (resource.custom) {
      throw unsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
      );
    }
    const patch = parsePatchBody(body);
    if (!isJsonObject(patch)) throw badRequest("the patch must be an object");
    return (current) => applyStrategic(resource, current, patch);
  }
  throw unsupportedMediaType("415: Unsupported Media Type", {});
}

function applyStrategic(resource: Resource, current: JsonObject, patch: JsonObject): unknown {
  const result = applyStrategicMergePatch(resource.kind, current, patch);
  if (result.error !== undefined) throw badRequest(result.error);
  return result.value;
}

function readJsonPatch(body: string): Patch {
  const parsed = parseJsonPatch(parsePatchBody(body));
  if (parsed.error !== undefined) throw badRequest(parsed.error);
  const operations = parsed.value;
  if (operations.length > MAXIMUM_OPERATIONS) {
    throw failure(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${MAXIMUM_OPERATIONS}, got ${operations.length}`,
    );
  }
  return (current) => {
    const result = applyJsonPatch(current, operations);
    if (result.error === undefined) return result.value;
    throw failure(422, "Invalid", "the server rejected our request due to an error in our request", {});
  };
}

function parsePatchBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`error decoding patch: ${goSyntaxError(body, error)}`);
  }
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

function checkApplied(resource: Resource, document: JsonObject): void {
  const { kind, apiVersion } = document;
  if (typeof kind !== "string" || kind === "" || typeof apiVersion !== "string" || apiVersion === "") {
    throw badRequest("invalid object type: an applied configuration needs apiVersion and kind");
  }
  if (kind !== resource.kind || apiVersion !== apiVersionOf(resource)) {
    throw badRequest(
      `invalid object type: ${apiVersion}, Kind=${kind} does not match ${apiVersionOf(resource)}, Kind=${resource.kind}`,
    );
  }
  const metadata = document["metadata"];
  if (
    isJsonObject(metadata) &&
    Array.isArray(metadata["managedFields"]) &&
    metadata["managedFields"].length > 0
  ) {
    throw badRequest("metadata.managedFields must be nil");
  }
}

/**
 * Checks the configuration as its kind and drops unknown fields, but adds nothing: what is not in it is
 * not owned.
 */
function decodeApplied(target: UpdateTarget, document: JsonObject, warnings: string[]): JsonObject {
  const decoded = decodeObject(target.resource, document, target.options, warnings);
  return keepMentioned(document, decoded) as JsonObject;
}

function keepMentioned(mentioned: unknown, decoded: unknown): unknown {
  if (Array.isArray(mentioned) && Array.isArray(decoded)) {
    return decoded.map((item: unknown, index) => keepMentioned(mentioned[index], item));
  }
  if (!isJsonObject(mentioned) || !isJsonObject(decoded)) return decoded;
  const kept = Object.entries(mentioned)
    .filter(([field]) => Object.hasOwn(decoded, field))
    .map(([field, value]): [string, unknown] => [field, keepMentioned(value, decoded[field])]);
  return Object.fromEntries(kept);
}
