import { invalid as invalidField } from "../field-errors.ts";
import { isJsonObject, type JsonObject } from "../json-object.ts";
import type { Resource } from "../kinds/resource.ts";
import { applyJsonPatch, parseJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.ts";
import { apiVersionOf } from "../resources.ts";
import { badRequest, failure, invalid, StatusError, unsupportedMediaType } from "../status-error.ts";
import { mediaTypeOf } from "./accept.ts";
import { decodeObject, goSyntaxError, parseYamlText, requireShallow } from "./body.ts";
import type { RequestText } from "./request-info.ts";
import type { WriteTarget } from "./target.ts";

const MAXIMUM_OPERATIONS = 10_000;

/** Makes the new object of the current one. */
export type Patch = (current: JsonObject) => unknown;

/** The patch in a body of this media type, ready to be applied; throws 400, 413, 415 or 422 in the server's words. */
export function readPatch({ resource }: WriteTarget, { headers, body }: RequestText): Patch {
  const media = mediaTypeOf(headers["content-type"]);
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
  const parsed = parsePatchText(body);
  requireShallow(parsed);
  return parsed;
}

function parsePatchText(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`error decoding patch: ${goSyntaxError(body, error)}`);
  }
}

/** Decodes what a patch made of the current object; throws 400 or 422 where that is no such object. */
export function decodePatched(target: WriteTarget, patched: unknown, current: JsonObject): JsonObject {
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

/**
 * The configuration in the body of a server-side apply, checked as its kind. Unknown fields are dropped,
 * and nothing is added: what is not in it is not owned.
 */
export function readConfiguration(target: WriteTarget, body: string): JsonObject {
  const { resource, options, warnings } = target;
  const document = parseYamlText(body);
  requireShallow(document);
  if (!isJsonObject(document)) throw badRequest("error decoding YAML: the body must be an object");
  checkApplied(resource, document);
  return keepMentioned(document, decodeObject(resource, document, options, warnings)) as JsonObject;
}

/** Throws 400 where a body is no configuration of this resource. */
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

/** Of what was decoded, only what the document itself mentions. */
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
