import { parse as parseYaml } from "yaml";
import { duplicateFields } from "../duplicate-fields.ts";
import { isJsonObject, type JsonObject } from "../json-object.ts";
import { nestsDeeperThan } from "../json.ts";
import { DecodeError } from "../kinds/decode.ts";
import type { Resource } from "../kinds/resource.ts";
import { apiVersionOf } from "../resources.ts";
import { badRequest, StatusError } from "../status-error.ts";
import { isYamlBody } from "./accept.ts";
import type { WriteOptions } from "./options.ts";
import type { RequestText } from "./request-info.ts";

/** A decoded body and what the client is to be warned of. */
export interface Body {
  object: JsonObject;
  warnings: string[];
}

/** Reads a whole object from the body of a create or an update. */
export function readBody(
  resource: Resource,
  request: RequestText,
  options: WriteOptions,
  warnings: string[],
): JsonObject {
  const document = readDocument(request, resource.kind);
  checkKind(resource, document, warnings);
  const duplicates = options.fieldValidation === "Ignore" ? [] : duplicateFields(request.body);
  return decodeObject(resource, document, options, warnings, duplicates);
}

/** Decodes a document as the resource's kind, refusing or warning of unknown fields as asked. */
export function decodeObject(
  resource: Resource,
  document: JsonObject,
  options: Pick<WriteOptions, "fieldValidation">,
  warnings: string[],
  duplicates: readonly string[] = [],
): JsonObject {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = document;
  try {
    const { object, unknown } = resource.strategy.decode(rest);
    applyFieldValidation(resource, { unknown, duplicates }, options, warnings);
    return { kind: resource.kind, apiVersion: apiVersionOf(resource), ...object };
  } catch (error) {
    if (error instanceof DecodeError) throw undecodable(resource, resource.kind, error.message);
    throw error;
  }
}

function applyFieldValidation(
  resource: Resource,
  found: { unknown: readonly string[]; duplicates: readonly string[] },
  options: Pick<WriteOptions, "fieldValidation">,
  warnings: string[],
): void {
  const unknown = found.unknown.map((path) => `unknown field "${path}"`);
  const duplicates = found.duplicates
    // Go's typed decoder looks no further into what it does not know.
    .filter((path) => resource.custom || !found.unknown.some((other) => isWithin(path, other)))
    .map((path) => `duplicate field "${path}"`);
  const complaints = resource.custom ? [...duplicates, ...unknown] : [...unknown, ...duplicates];
  if (complaints.length === 0 || options.fieldValidation === "Ignore") return;
  if (options.fieldValidation === "Strict") {
    throw undecodable(resource, resource.kind, `strict decoding error: ${complaints.join(", ")}`);
  }
  warnings.push(...complaints);
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

function undecodable(resource: Resource, kind: string, why: string): StatusError {
  return badRequest(
    `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`,
  );
}

/** Parses a body as JSON or, where its type says so, YAML; throws 400 in Go's words. */
export function readDocument(request: RequestText, kind: string): JsonObject {
  const yaml = isYamlBody(request.headers["content-type"]);
  const parsed = yaml ? parseYamlText(request.body) : parseJsonText(request.body, kind);
  requireShallow(parsed);
  if (isJsonObject(parsed)) return parsed;
  const what = Array.isArray(parsed) ? "array" : parsed === null ? "null" : typeof parsed;
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (${summary(request.body)})`,
  );
}

function parseJsonText(text: string, kind: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${goSyntaxError(text, error)} (${summary(text)})`,
    );
  }
}

/** Reads JSON or YAML; throws 400 in the server's words. */
export function parseYamlText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: read below as YAML, of which JSON is only a part.
  }
  try {
    return parseYaml(text, { maxAliasCount: 100 });
  } catch (error) {
    throw badRequest(
      `error converting YAML to JSON: yaml: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Go's decoder stops at 10,000 levels; nobody here needs as many, and whoever walks an object needs stack for each. */
const MOST_LEVELS = 1000;

/** Throws 400 for a body that nests too deep. */
export function requireShallow(value: unknown): void {
  if (!nestsDeeperThan(value, MOST_LEVELS)) return;
  throw badRequest(`json: exceeded max depth: this server takes ${MOST_LEVELS} levels of nesting`);
}

/** What Go's encoding/json says about text that is no JSON. */
export function goSyntaxError(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? Number.NaN);
  const character = text[position];
  if (text.trim() === "" || character === undefined) return "unexpected end of JSON input";
  const before = text.slice(0, position).trimEnd();
  const where = /[{,]$/.test(before)
    ? "looking for beginning of object key string"
    : before === "" || /[[:]$/.test(before)
      ? "looking for beginning of value"
      : "after top-level value";
  return `invalid character '${character}' ${where}`;
}

function summary(text: string): string {
  return text.length <= 30 ? text : `${text.slice(0, 30)} ...`;
}

function checkKind(resource: Resource, document: JsonObject, warnings: string[]): void {
  const expected = apiVersionOf(resource);
  const kind = document["kind"];
  const apiVersion = document["apiVersion"];
  if (typeof kind === "string" && kind !== "" && kind !== resource.kind) {
    if (resource.custom) {
      throw badRequest(
        `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: unexpected kind`,
      );
    }
    const group = resource.group === "" ? "core" : (resource.group.split(".")[0] ?? "");
    throw badRequest(
      `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: converting (${resource.version}.${kind}) to (${group}.${resource.kind}): unknown conversion`,
    );
  }
  if (typeof apiVersion === "string" && apiVersion !== "" && apiVersion !== expected) {
    if (resource.custom) {
      const known = new Set(["kind", "apiVersion", "metadata"]);
      const unknown = Object.keys(document).filter((field) => !known.has(field));
      warnings.push(...unknown.map((field) => `unknown field "${field}"`));
    }
    const error = badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
    throw error;
  }
}
