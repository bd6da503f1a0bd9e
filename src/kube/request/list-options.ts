import { decodeBase64Url, encodeBase64Url } from "../base64.ts";
import type { FieldError } from "../field-errors.ts";
import type { Resource } from "../kinds/resource.ts";
import {
  parseFieldSelector,
  parseLabelSelector,
  type FieldSelector,
  type LabelSelector,
} from "../selectors.ts";
import { badRequest, failure, invalid } from "../status-error.ts";
import { isTrue } from "./request-info.ts";

/** Throws where resourceVersionMatch, resourceVersion and continue of a list do not go together. */
export function checkMatch(match: string, version: string, token: string): void {
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
export function decodeContinue(token: string): { version: number; start: string } {
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

/** Whether a watch asks for the present objects first; undefined where it does not say. */
export function checkInitialEvents(query: URLSearchParams): boolean | undefined {
  const text = query.get("sendInitialEvents");
  if (text === null) return undefined;
  const refuse = (field: string, detail: string) =>
    invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", [
      { reason: "FieldValueForbidden", message: `Forbidden: ${detail}`, field },
    ]);
  if (query.get("resourceVersionMatch") !== "NotOlderThan") {
    throw refuse(
      "resourceVersionMatch",
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
  }
  return isTrue(text);
}

/** A watch answers a version that is no number with 500, as recorded of a real server. */
export function parseWatchVersion(text: string): number {
  if (text === "") return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  throw failure(
    500,
    undefined,
    `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  );
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
