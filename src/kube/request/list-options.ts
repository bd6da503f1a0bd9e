import { decodeBase64Url, encodeBase64Url } from "../base64.ts";
import type { FieldError } from "../field-errors.ts";
import type { Resource } from "../kinds/resource.ts";
import {
  parseFieldSelector,
  parseLabelSelector,
  type FieldSelector,
  type LabelSelector,
} from "../selectors.ts";
import { badRequest, expired, invalid, versionTooLarge, type StatusError } from "../status-error.ts";

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
  checkMatch(match, text, token);
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

/** Throws where resourceVersionMatch, resourceVersion and continue of a list do not go together. */
function checkMatch(match: string, version: string, token: string): void {
  const errors: FieldError[] = [];
  const refuse = (detail: string) =>
    errors.push({
      reason: "FieldValueForbidden",
      message: `Forbidden: ${detail}`,
      field: "resourceVersionMatch",
    });
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
  if (token !== "" && version !== "" && version !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", errors);
}

/** How many objects a page may have; Infinity where the query sets no limit. */
export function parseLimit(text: string | null): number {
  if (text === null || text === "") return Infinity;
  const limit = Number(text);
  if (!Number.isInteger(limit)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return limit <= 0 ? Infinity : limit;
}

/** A resourceVersion of a query; 0 where there is none. */
export function parseVersion(text: string | null): number {
  if (text === null || text === "") return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

/** The token of the page after `start`, of the state at `version` (negative: of the present one). */
export function encodeContinue(version: number, start: string): string {
  return encodeBase64Url(JSON.stringify({ v: "meta.k8s.io/v1", rv: version, start }));
}

/** The reverse of `encodeContinue`; throws 400 for anything else. */
function decodeContinue(token: string): { version: number; start: string } {
  try {
    const parsed = JSON.parse(decodeBase64Url(token)) as Record<string, unknown>;
    const { v, rv, start } = parsed;
    if (v === "meta.k8s.io/v1" && Number.isInteger(rv) && typeof start === "string" && start !== "") {
      return { version: rv as number, start };
    }
  } catch {
    // Said below.
  }
  throw badRequest(`continue key is not valid: illegal base64 data or unknown form`);
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
