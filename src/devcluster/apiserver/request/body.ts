import { duplicateFields } from "../answers/duplicate-fields.ts";
import { type MutableObject } from "../answers/json-object.ts";
import { isObject, jsonKind, nestsDeeperThan } from "../../../kube/json.ts";
import { DecodeError } from "../kinds/decode.ts";
import type { Resource } from "../kinds/resource.ts";
import { apiVersionOf } from "../../../kube/resources.ts";
import { badRequest, StatusError } from "../answers/status-error.ts";
import { isYamlBody } from "./accept.ts";
import { complain, repeatedFields, unknownFields } from "./field-validation.ts";
import type { WriteOptions } from "./options.ts";
import type { RequestText } from "./request-info.ts";
import { readYaml, type YamlText } from "./yaml.ts";

/** Reads a whole object from the body of a create or an update. */
export function readBody(
  resource: Resource,
  request: RequestText,
  options: WriteOptions,
  warnings: string[],
): MutableObject {
  const { document, yaml } = readText(request, resource.kind);
  checkKind(resource, document, request.body, warnings);
  const { object, unknown } = decodeFields(resource, document);
  if (options.fieldValidation !== "Ignore") {
    const complaints = yaml
      ? [...yaml.complaints(), ...unknownFields(unknown)]
      : complaintsOf(resource, request.body, unknown);
    complain(complaints, options, warnings, (why) => undecodable(resource, why));
  }
  return object;
}

function complaintsOf(resource: Resource, json: string, unknown: readonly string[]): string[] {
  const repeated = duplicateFields(json);
  if (resource.custom) return [...repeatedFields(repeated), ...unknownFields(unknown)];
  // Go's typed decoder looks no further into what it does not know.
  const known = repeated.filter((path) => !unknown.some((other) => isWithin(path, other)));
  return [...unknownFields(unknown), ...repeatedFields(known)];
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

/** Decodes a document as the resource's kind, refusing or warning of unknown fields as asked. */
export function decodeObject(
  resource: Resource,
  document: MutableObject,
  options: Pick<WriteOptions, "fieldValidation">,
  warnings: string[],
): MutableObject {
  const { object, unknown } = decodeFields(resource, document);
  complain(unknownFields(unknown), options, warnings, (why) => undecodable(resource, why));
  return object;
}

/** A document as the resource's kind and the paths of what it does not know; throws 400, or what `refuse` makes of the reason. */
export function decodeFields(
  resource: Resource,
  { kind: _kind, apiVersion: _apiVersion, ...document }: MutableObject,
  refuse = (why: string): StatusError => undecodable(resource, why),
): { object: MutableObject; unknown: readonly string[] } {
  try {
    const { object, unknown } = resource.strategy.decode(document);
    return { object: { kind: resource.kind, apiVersion: apiVersionOf(resource), ...object }, unknown };
  } catch (error) {
    throw error instanceof DecodeError ? refuse(error.message) : error;
  }
}

/** The 400 to a document that is not of the resource's kind. */
export function undecodable(resource: Resource, why: string): StatusError {
  const { kind, version } = resource;
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

/** Parses a body as JSON or, where its type says so, YAML; throws 400 in Go's words. */
export function readDocument(request: RequestText, kind: string): MutableObject {
  return readText(request, kind).document;
}

function readText(
  { headers, body }: RequestText,
  kind: string,
): { document: MutableObject; yaml: YamlText | undefined } {
  const yaml = isYamlBody(headers["content-type"]) ? readYaml(body) : undefined;
  const parsed = yaml === undefined ? parseJsonText(body, kind) : yaml.value;
  requireShallow(parsed);
  if (isObject(parsed)) return { document: parsed, yaml };
  if (parsed === null) return { document: {}, yaml };
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${notAnObject(parsed)} (${summary(body)})`,
  );
}

/** What Go's codec says of a body that is no object. */
export function notAnObject(value: unknown): string {
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonKind(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
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

/** A body's beginning, in hexadecimal if it is no object. Source: apiserver handlers/rest.go summarizeData. */
function summary(text: string): string {
  if (text === "") return "<empty>";
  if (text.startsWith("{")) return text.length > 30 ? `${text.slice(0, 30)} ...` : text;
  const bytes = [...new TextEncoder().encode(text.slice(0, 31))];
  const shown = bytes
    .slice(0, 30)
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return bytes.length > 30 ? `${shown} ...` : shown;
}

/** Where Kubernetes' built-in kinds are registered, as its messages name it. */
const SCHEME = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";

function checkKind(resource: Resource, document: MutableObject, text: string, warnings: string[]): void {
  const expected = apiVersionOf(resource);
  const { kind, apiVersion } = document;
  const refuse = (why: string) =>
    badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why}`);
  for (const [field, value] of Object.entries({ kind, apiVersion })) {
    if (typeof value === "string" || value === undefined || value === null) continue;
    const what = `json: cannot unmarshal ${jsonKind(value)} into Go struct field .${field} of type string`;
    throw refuse(`couldn't get version/kind; json parse error: ${what} (${summary(text)})`);
  }
  if (typeof apiVersion === "string" && apiVersion.split("/").length > 2) {
    throw refuse(`unexpected GroupVersion string: ${apiVersion} (${summary(text)})`);
  }
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
      throw badRequest(
        `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
      );
    }
    const version = apiVersion.split("/").at(-1);
    throw badRequest(
      `${resource.kind} in version "${version}" cannot be handled as a ${resource.kind}: no kind "${resource.kind}" is registered for version "${apiVersion}" in scheme "${SCHEME}"`,
    );
  }
}
