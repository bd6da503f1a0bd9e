import { decodeBase64Url, encodeBase64Url } from "../../../kube/base64.ts";
import { forbidden, type FieldError } from "../../../kube/field-errors.ts";
import { type MutableObject } from "../answers/json-object.ts";
import { isObject } from "../../../kube/json.ts";
import type { Resource } from "../kinds/resource.ts";
import {
  parseFieldSelector,
  parseLabelSelector,
  type FieldSelector,
  type LabelSelector,
} from "../../../kube/selectors.ts";
import { badRequest, expired, versionTooLarge, type StatusError } from "../answers/status-error.ts";
import { optionsError } from "./options.ts";
import { readInteger, readVersion } from "./query.ts";

/** Where a list starts, and in which state. */
export interface ListPosition {
  readonly version: number;
  /** The key after which it starts; `""` for the first. */
  readonly start: string;
  /** Whether the state at `version` is wanted, not the present one. */
  readonly isPast: boolean;
  /** The 410 for a state that is forgotten. */
  expired(): StatusError;
}

/** Where the list that a query asks for starts, when `current` is the latest version; throws 400, 410, 422 or 504. */
export function readPosition(query: URLSearchParams, current: number): ListPosition {
  const token = query.get("continue") ?? "";
  const text = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  checkMatch(query);
  readInteger(query, "timeoutSeconds");
  if (token !== "") {
    const { version, start } = decodeContinue(token);
    const isPast = version >= 0;
    return {
      version: isPast ? version : current,
      start,
      isPast,
      expired: () => expired(EXPIRED_TOKEN, encodeContinue(-1, start)),
    };
  }
  const wanted = parseVersion(text);
  if (wanted > current) throw versionTooLarge(wanted, current);
  const isPast = match === "Exact";
  return {
    version: isPast ? wanted : current,
    start: "",
    isPast,
    expired: () => expired("The resourceVersion for the provided list is too old."),
  };
}

const EXPIRED_TOKEN =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** Throws if resourceVersionMatch, resourceVersion and continue of a list do not go together. */
function checkMatch(query: URLSearchParams): void {
  const match = query.get("resourceVersionMatch") ?? "";
  const version = query.get("resourceVersion") ?? "";
  const token = query.get("continue") ?? "";
  const errors: FieldError[] = [];
  const refuse = (detail: string) => errors.push(forbidden("resourceVersionMatch", detail));
  if (match !== "") {
    if (version === "") refuse("resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (token !== "") refuse("resourceVersionMatch is forbidden when continue is provided");
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push({
        reason: "FieldValueNotSupported",
        message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
        field: "resourceVersionMatch",
      });
    }
    if (match === "Exact" && version === "0") {
      refuse('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
  }
  if (query.has("sendInitialEvents")) {
    errors.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  if (errors.length > 0) throw optionsError("ListOptions", errors);
  if (token !== "" && version !== "" && version !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
}

/** How many objects a page may have; Infinity if the query sets no limit, or takes any state: caches do not page. */
export function parseLimit(query: URLSearchParams): number {
  const limit = readInteger(query, "limit") ?? 0;
  const isAnyState = query.get("resourceVersion") === "0" && query.get("resourceVersionMatch") !== "Exact";
  return limit <= 0 || isAnyState ? Infinity : limit;
}

/** The resourceVersion of a list's query; 0 if there is none. */
function parseVersion(text: string): number {
  const { value, error } = readVersion(text === "" ? "0" : text);
  if (error === undefined) return value;
  const field = `resourceVersion: Invalid value: ${JSON.stringify(text)}`;
  throw badRequest(`invalid resource version: ${field}: ${error}`);
}

/** The token of the page after `start`, of the state at `version` (negative: of the present one). */
export function encodeContinue(version: number, start: string): string {
  return encodeBase64Url(JSON.stringify({ v: CONTINUE_VERSION, rv: version, start }));
}

/** The reverse of `encodeContinue`; throws 400 for anything else. Source: apiserver storage/continue.go. */
function decodeContinue(token: string): { version: number; start: string } {
  const refuse = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const { v = "", rv = 0, start = "" } = parseContinue(token, refuse);
  if (v !== CONTINUE_VERSION) throw refuse(`server does not recognize this encoded version ${v}`);
  if (!Number.isInteger(rv) || rv === 0) {
    throw refuse(`incorrect encoded start resourceVersion (version ${CONTINUE_VERSION})`);
  }
  if (typeof start !== "string" || start === "") {
    throw refuse(`encoded start key empty (version ${CONTINUE_VERSION})`);
  }
  if (start.split("/").includes("..")) throw refuse(start);
  return { version: rv as number, start };
}

const CONTINUE_VERSION = "meta.k8s.io/v1";

function parseContinue(token: string, refuse: (why: string) => StatusError): MutableObject {
  const foreign = token.search(/[^A-Za-z0-9_-]/);
  if (foreign >= 0) throw refuse(`illegal base64 data at input byte ${foreign}`);
  try {
    const parsed: unknown = JSON.parse(decodeBase64Url(token));
    if (isObject(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw refuse("invalid character looking for beginning of value");
}

/** The selectors of a list, watch or deletecollection. */
export interface Selectors {
  readonly labels: LabelSelector;
  readonly fields: FieldSelector;
}

/** Reads the selectors of a query; throws 400 in the server's words. */
export function parseSelectors(resource: Resource, query: URLSearchParams): Selectors {
  return {
    labels: parseLabels(query.get("labelSelector") ?? ""),
    fields: parseFields(resource, query.get("fieldSelector") ?? ""),
  };
}

function parseLabels(text: string): LabelSelector {
  const parsed = parseLabelSelector(text);
  if (parsed.error !== undefined) throw badRequest(parsed.error);
  return parsed.value;
}

function parseFields(resource: Resource, text: string): FieldSelector {
  const parsed = parseFieldSelector(text);
  if (parsed.error !== undefined) throw badRequest(parsed.error);
  for (const { field } of parsed.value) {
    if (field === "metadata.name" || (field === "metadata.namespace" && resource.namespaced)) continue;
    if (resource.selectableFields.has(field)) continue;
    throw unknownField(resource, field);
  }
  return parsed.value;
}

function unknownField(resource: Resource, field: string): Error {
  if (resource.custom || resource.selectableFields.size > 0) {
    return badRequest(`field label not supported: ${field}`);
  }
  return badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
