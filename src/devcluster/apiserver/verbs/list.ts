import type { Page } from "../../../kube/kinds/render.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import {
  checkMatch,
  decodeContinue,
  encodeContinue,
  parseLimit,
  parseVersion,
} from "../../../kube/request/list-options.ts";
import { expired, notFound, versionTooLarge } from "../../../kube/status-error.ts";
import type { ApiContext } from "../context.ts";
import { keyOf } from "../storage/store.ts";
import type { ResourceTable, StoredObject } from "../storage/table.ts";
import { parseFilter, type Filter } from "./filter.ts";

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
): Promise<Page<StoredObject>> {
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
