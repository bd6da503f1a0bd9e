import { parse as parseYaml } from "yaml";
import { isJsonObject, type JsonObject } from "../json-object.ts";
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
  return decodeObject(resource, document, options, warnings);
}

/** Decodes a document as the resource's kind, refusing or warning of unknown fields as asked. */
export function decodeObject(
  resource: Resource,
  document: JsonObject,
  options: Pick<WriteOptions, "fieldValidation">,
  warnings: string[],
): JsonObject {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = document;
  try {
    const { object, unknown } = resource.strategy.decode(rest);
    applyFieldValidation(resource, unknown, options, warnings);
    return { kind: resource.kind, apiVersion: apiVersionOf(resource), ...object };
  } catch (error) {
    if (error instanceof DecodeError) throw undecodable(resource, resource.kind, error.message);
    throw error;
  }
}

function applyFieldValidation(
  resource: Resource,
  unknown: readonly string[],
  options: Pick<WriteOptions, "fieldValidation">,
  warnings: string[],
): void {
  const complaints = unknown.map((path) => `unknown field "${path}"`);
  if (complaints.length === 0 || options.fieldValidation === "Ignore") return;
  if (options.fieldValidation === "Strict") {
    throw undecodable(resource, resource.kind, `strict decoding error: ${complaints.join(", ")}`);
  }
  warnings.push(...complaints);
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
