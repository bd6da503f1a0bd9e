import type { Page } from "../kinds/render.ts";
import { parseFilter } from "../request/filter.ts";
import { encodeContinue, parseLimit, readPosition } from "../request/list-options.ts";
import type { Target } from "../request/target.ts";
import { parseExactVersion } from "../request/watch-options.ts";
import { badRequest, notFound, versionTooLarge } from "../answers/status-error.ts";
import type { ApiContext } from "../context.ts";
import { keyOf, type StoredObject } from "../storage/table.ts";

/** The object as it is, perhaps not yet durably; throws 404. */
export function findObject(context: ApiContext, { resource, namespace, name }: Target): StoredObject {
  const stored = context.store.table(resource.storage).get(keyOf(namespace, name));
  if (stored === undefined) throw notFound({ group: resource.group, resource: resource.plural }, name);
  return stored;
}

/** Finds one object that is durable; throws 404. */
export async function getObject(
  context: ApiContext,
  target: Target,
  query: URLSearchParams,
): Promise<StoredObject> {
  const { store } = context;
  if (query.has("export")) {
    throw badRequest("the export parameter, deprecated since v1.14, is no longer supported");
  }
  const wanted = parseExactVersion(query.get("resourceVersion") ?? "");
  if (wanted > store.version()) throw versionTooLarge(wanted, store.version());
  const stored = store.table(target.resource.storage).get(keyOf(target.namespace, target.name));
  await store.settled();
  return stored ?? findObject(context, target);
}

/** Reads the page that the query asks for. */
export async function listObjects(
  context: ApiContext,
  target: Target,
  query: URLSearchParams,
): Promise<Page<StoredObject>> {
  const { store } = context;
  const filter = parseFilter(target, query);
  const limit = parseLimit(query);
  const { version, start, isPast, expired } = readPosition(query, store.version());
  const table = store.table(target.resource.storage);
  const range = table.range(filter.namespace, start, isPast ? version : undefined);
  if (range === undefined) throw expired();
  const objects: StoredObject[] = [];
  let read = 0;
  for (; read < range.keys.length && objects.length < limit; read++) {
    const stored = range.get(range.keys[read] ?? "");
    if (stored !== undefined && filter.matches(stored)) objects.push(stored);
  }
  const remaining = range.keys.length - read;
  await store.settled();
  return {
    objects,
    version,
    continueToken: remaining > 0 ? encodeContinue(version, range.keys[read - 1] ?? "") : "",
    remaining: remaining > 0 && !filter.selects ? remaining : undefined,
  };
}
