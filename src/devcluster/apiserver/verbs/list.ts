import { apiVersionOf } from "../../../kube/resources.ts";
import type { FieldError } from "../../../kube/field-errors.ts";
import type { ApiContext } from "../context.ts";
import { badRequest, expired, invalid, notFound, versionTooLarge } from "../../../kube/status-error.ts";
import { servedJson } from "../objects.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import { keyOf } from "../storage/store.ts";
import type { ResourceTable, StoredObject } from "../storage/table.ts";
import { parseFilter, type Filter } from "./filter.ts";

/** One page of a list, before it takes its form. */
export interface Page {
  objects: StoredObject[];
  version: number;
  continueToken: string;
  remaining: number | undefined;
}

const CHUNK = 500;

/** Finds one object; throws 404. */
export async function getObject(
  context: ApiContext,
  resource: Resource,
  namespace: string,
  name: string,
  query: URLSearchParams,
): Promise<StoredObject> {
  const wanted = parseVersion(query.get("resourceVersion"));
  if (wanted > context.store.version()) throw versionTooLarge(wanted, context.store.version());
  const stored = context.store.table(resource.storage).get(keyOf(namespace, name));
  await context.store.settled();
  if (stored === undefined) throw notFound({ group: resource.group, resource: resource.plural }, name);
  return stored;
}

/** Reads the page that the query asks for. */
export async function listObjects(
  context: ApiContext,
  resource: Resource,
  namespace: string,
  query: URLSearchParams,
): Promise<Page> {
  const filter = parseFilter(resource, namespace, query);
  const limit = parseLimit(query.get("limit"));
  const at = readPosition(context, query);
  const table = context.store.table(resource.storage);
  const cut = cutterOf(table, filter, at);
  const { objects, last, remaining } = collect(cut, filter, at.start, limit);
  const continueToken = remaining > 0 ? encodeContinue(at.version, last) : "";
  await context.store.settled();
  return {
    objects,
    version: at.version,
    continueToken,
    remaining: remaining > 0 && !filter.selects ? remaining : undefined,
  };
}

/** The list as JSON in the resource's own form. */
export function renderList(resource: Resource, page: Page): string {
  const metadata: Record<string, unknown> = { resourceVersion: String(page.version) };
  if (resource.custom || page.continueToken !== "") metadata["continue"] = page.continueToken;
  if (page.remaining !== undefined) metadata["remainingItemCount"] = page.remaining;
  const items = page.objects.map((stored) => servedJson(resource, stored, true));
  return `{"kind":"${resource.listKind}","apiVersion":"${apiVersionOf(resource)}","metadata":${JSON.stringify(metadata)},"items":[${items.join(",")}]}`;
}

interface Position {
  version: number;
  start: string;
  /** Whether the state at `version` is wanted, not the present one. */
  exact: boolean;
}

function readPosition(context: ApiContext, query: URLSearchParams): Position {
  const current = context.store.version();
  const token = query.get("continue") ?? "";
  const versionText = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  checkMatch(match, versionText, token);
  if (token !== "") {
    const { version, start } = decodeContinue(token);
    return version < 0 ? { version: current, start, exact: false } : { version, start, exact: true };
  }
  const wanted = parseVersion(versionText);
  if (wanted > current) throw versionTooLarge(wanted, current);
  if (match === "Exact") return { version: wanted, start: "", exact: true };
  return { version: current, start: "", exact: false };
}

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

type Cutter = (start: string, limit: number) => { objects: StoredObject[]; remaining: number };

function cutterOf(table: ResourceTable, filter: Filter, at: Position): Cutter {
  return (start, limit) => {
    if (!at.exact) return table.page(filter.namespace, start, limit);
    const past = table.pageAt(at.version, filter.namespace, start, limit);
    if (past !== undefined) return past;
    if (at.start === "") throw expired(`The resourceVersion for the provided list is too old.`);
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
      encodeContinue(-1, at.start),
    );
  };
}

function collect(
  cut: Cutter,
  filter: Filter,
  start: string,
  limit: number,
): { objects: StoredObject[]; last: string; remaining: number } {
  const objects: StoredObject[] = [];
  let last = start;
  for (;;) {
    const chunk = cut(last, filter.selects && limit !== Infinity ? CHUNK : limit - objects.length);
    let taken = 0;
    for (const stored of chunk.objects) {
      if (objects.length >= limit) break;
      taken++;
      last = stored.key;
      if (!filter.selects || filter.matches(stored)) objects.push(stored);
    }
    const remaining = chunk.remaining + chunk.objects.length - taken;
    if (remaining === 0 || objects.length >= limit) return { objects, last, remaining };
  }
}

function parseLimit(text: string | null): number {
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

function encodeContinue(version: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: version, start })).toString("base64url");
}

function decodeContinue(token: string): { version: number; start: string } {
  try {
    const parsed = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as Record<string, unknown>;
    const { v, rv, start } = parsed;
    if (v === "meta.k8s.io/v1" && Number.isInteger(rv) && typeof start === "string" && start !== "") {
      return { version: rv as number, start };
    }
  } catch {
    // Said below.
  }
  throw badRequest(`continue key is not valid: illegal base64 data or unknown form`);
}
