import { duplicateFields } from "../answers/duplicate-fields.ts";
import { invalid as invalidField } from "../../../kube/field-errors.ts";
import { goJson, goValue } from "../../../kube/go-text.ts";
import { jsonKind, isObject, textAt } from "../../../kube/json.ts";
import { type MutableObject } from "../answers/json-object.ts";
import type { Resource } from "../kinds/resource.ts";
import { undeclaredFields } from "../managed-fields/undeclared.ts";
import { applyJsonPatch, parseJsonPatch, unknownOperationFields } from "../patch/json-patch.ts";
import { applyMergePatch } from "../../../kube/merge-patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.ts";
import { apiVersionOf } from "../../../kube/resources.ts";
import { badRequest, failure, invalid, StatusError, unsupportedMediaType } from "../answers/status-error.ts";
import { mediaTypeOf } from "./accept.ts";
import { decodeFields, goSyntaxError, requireShallow, undecodable } from "./body.ts";
import { complain, repeatedFields, unknownFields } from "./field-validation.ts";
import type { RequestText } from "./request-info.ts";
import type { WriteTarget } from "./target.ts";
import { readYaml } from "./yaml.ts";

const MAXIMUM_OPERATIONS = 10_000;

/** A patch, ready to be applied. */
export interface Patch {
  /** Makes the new object of the current one; throws if it does not apply. */
  apply(current: MutableObject): unknown;
  /** What field validation says of the patch itself. */
  readonly complaints: readonly string[];
  /** Whether it is of the typed object, whose kind it cannot touch. */
  readonly isTyped?: boolean;
  /** What refusals show: what the patch made of the object, or the patch. */
  show(patched: unknown): string;
}

/** The patch in a body of this media type; throws 400, 413, 415 or 422 in the server's words. */
export function readPatch({ resource }: WriteTarget, { headers, body }: RequestText): Patch {
  const media = mediaTypeOf(headers["content-type"]);
  if (media === "application/json-patch+json") return readJsonPatch(body);
  if (media === "application/merge-patch+json") {
    const patch = parsePatchBody(body);
    if (!isObject(patch)) throw badRequest(`error decoding patch: ${notAnObject(patch)}`);
    const complaints = repeatedFields(duplicateFields(body));
    return { apply: (current) => applyMergePatch(current, patch), complaints, show: goJson };
  }
  if (media === "application/strategic-merge-patch+json") {
    if (resource.custom) {
      throw unsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
      );
    }
    const patch = parsePatchBody(body, "") ?? {};
    if (!isObject(patch)) throw badRequest(notAnObject(patch));
    const complaints = repeatedFields(duplicateFields(body));
    return {
      apply: (current) => applyStrategic(resource, current, patch),
      complaints,
      isTyped: true,
      show: () => goValue(patch),
    };
  }
  throw unsupportedMediaType("415: Unsupported Media Type", {});
}

function applyStrategic(resource: Resource, current: MutableObject, patch: MutableObject): unknown {
  const result = applyStrategicMergePatch(resource.kind, current, patch);
  // A real server takes a patch that contradicts itself for its own fault.
  if (result.error !== undefined) throw failure(500, undefined, result.error);
  return result.value;
}

function readJsonPatch(body: string): Patch {
  const document = parsePatchBody(body);
  const parsed = parseJsonPatch(document);
  if (parsed.error !== undefined) throw badRequest(parsed.error);
  const operations = parsed.value;
  if (operations.length > MAXIMUM_OPERATIONS) {
    throw failure(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${MAXIMUM_OPERATIONS}, got ${operations.length}`,
    );
  }
  const complaints = [
    ...unknownFields(unknownOperationFields(document)),
    ...repeatedFields(duplicateFields(body)),
  ].map((complaint) => `json patch ${complaint}`);
  const apply = (current: MutableObject): unknown => {
    const result = applyJsonPatch(current, operations);
    if (result.error === undefined) return result.value;
    throw failure(422, "Invalid", "the server rejected our request due to an error in our request", {});
  };
  return { apply, complaints, show: goJson };
}

function notAnObject(value: unknown): string {
  return `json: cannot unmarshal ${jsonKind(value)} into Go value of type map[string]interface {}`;
}

function parsePatchBody(body: string, prefix = "error decoding patch: "): unknown {
  const parsed = parsePatchText(body, prefix);
  requireShallow(parsed);
  return parsed;
}

function parsePatchText(body: string, prefix: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`${prefix}${goSyntaxError(body, error)}`);
  }
}

/** Applies a patch and decodes what it makes of the object; throws 400 or 422 if that is no such object. */
export function applyPatch(target: WriteTarget, patch: Patch, current: MutableObject): MutableObject {
  const { resource, options, warnings } = target;
  const patched = patch.apply(current);
  const refuse = (why: string): StatusError =>
    invalid({ group: "", kind: "" }, "", [invalidField("patch", patch.show(patched), why)]);
  if (!isObject(patched)) throw refuse("the result is no object");
  for (const field of ["kind", "apiVersion"] as const) {
    const asked = patched[field];
    if (asked === undefined || asked === current[field]) continue;
    // A strategic patch is of the typed object, which has no kind.
    if (patch.isTyped) (patched as MutableObject)[field] = current[field];
    else throw refuse(`${field} may not change from ${JSON.stringify(current[field])}`);
  }
  const { object, unknown } = decodeFields(resource, patched, refuse);
  complain([...patch.complaints, ...unknownFields(unknown)], options, warnings, refuse);
  return object;
}

/**
 * The configuration in the body of a server-side apply, checked as its kind. Unknown fields are dropped,
 * and nothing is added: what is not in it is not owned.
 */
export function readConfiguration(target: WriteTarget, body: string): MutableObject {
  const { resource, options, warnings } = target;
  const { value, complaints } = readYaml(body);
  const document = value ?? {};
  requireShallow(document);
  if (!isObject(document)) {
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: ${notAnObject(document)}`,
    );
  }
  checkApplied(resource, document);
  complain(complaints(), options, warnings, (why) =>
    badRequest(
      why.replace("strict decoding error:", "error strict decoding YAML: error converting YAML to JSON:"),
    ),
  );
  const { object, unknown } = decodeFields(resource, document);
  if (unknown.length > 0 && !resource.custom) {
    const { kind } = resource;
    throw undeclaredFields(
      { kind, apiVersion: apiVersionOf(resource), type: resource.fields() },
      document,
      unknown,
    );
  }
  complain(unknownFields(unknown), options, warnings, (why) => undecodable(resource, why));
  return keepMentioned(document, object) as MutableObject;
}

/** Throws 400 if a body is no configuration of this resource. */
function checkApplied(resource: Resource, document: MutableObject): void {
  const [kind, apiVersion] = [textAt(document, "kind"), textAt(document, "apiVersion")];
  if (kind !== resource.kind || apiVersion !== apiVersionOf(resource)) {
    const parts = apiVersion.split("/");
    const [group, version] = parts.length === 2 ? parts : ["", apiVersion];
    const shown = parts.length > 2 ? "/, Kind=" : `${group}/${version}, Kind=${kind}`;
    throw badRequest(`invalid object type: ${apiVersion === "" ? `/, Kind=${kind}` : shown}`);
  }
  const metadata = document["metadata"];
  if (isObject(metadata) && (metadata["managedFields"] ?? null) !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
}

/** Of what was decoded, only what the document itself mentions. */
function keepMentioned(mentioned: unknown, decoded: unknown): unknown {
  if (Array.isArray(mentioned) && Array.isArray(decoded)) {
    return decoded.map((item: unknown, index) => keepMentioned(mentioned[index], item));
  }
  if (!isObject(mentioned) || !isObject(decoded)) return decoded;
  const kept = Object.entries(mentioned)
    .filter(([field]) => Object.hasOwn(decoded, field))
    .map(([field, value]): [string, unknown] => [field, keepMentioned(value, decoded[field])]);
  return Object.fromEntries(kept);
}
