import type { Client } from "../../client/client.ts";
import { watchResource } from "../../client/watch.ts";
import { keyOf, type KubeObject } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resources.ts";

/** One object appeared (no `before`), changed, or went (no `after`). */
export interface Change<T extends KubeObject> {
  key: string;
  before: T | undefined;
  after: T | undefined;
}

/** A live copy of all objects of one resource. */
export interface Cache<T extends KubeObject> {
  get(key: string): T | undefined;
  list(): Iterable<T>;
  /** Takes the answer of an own write, so that it is seen before the watch tells; an older version is ignored. */
  put(object: T): void;
  /** Called for every change, and at once for what is already there. */
  subscribe(listener: (change: Change<T>) => void): void;
  /** Resolves when the first list is complete. */
  readonly synced: Promise<void>;
}

function isNewer(object: KubeObject, than: KubeObject): boolean {
  return Number(object.metadata.resourceVersion) > Number(than.metadata.resourceVersion);
}

/** Lists and watches a resource until `signal` aborts. `keep` trims what is held of each object. */
export function startCache<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  options: { signal: AbortSignal; metadataOnly?: boolean; keep?: (object: T) => T },
): Cache<T> {
  const objects = new Map<string, T>();
  const gone = new Set<string>();
  const listeners: ((change: Change<T>) => void)[] = [];
  const { promise: synced, resolve: hasSynced } = Promise.withResolvers<void>();
  const keep = options.keep ?? ((object: T) => object);

  const set = (key: string, after: T | undefined): void => {
    const before = objects.get(key);
    if (after === undefined) objects.delete(key);
    else objects.set(key, after);
    for (const listener of listeners) listener({ key, before, after });
  };
  const upsert = (object: T): void => {
    const key = keyOf(object);
    const known = objects.get(key);
    if (known !== undefined && !isNewer(object, known)) return;
    // The same name with another uid is another object: whoever holds the old one must see it go.
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) set(key, undefined);
    set(key, keep(object));
  };
  const remove = (object: T): void => {
    const key = keyOf(object);
    gone.add(object.metadata.uid ?? "");
    if (gone.size > 1000) gone.delete(gone.values().next().value ?? "");
    if (objects.get(key)?.metadata.uid === object.metadata.uid) set(key, undefined);
  };

  const follow = async (): Promise<void> => {
    let unseen: Set<string> | undefined;
    const watch = { signal: options.signal, ...(options.metadataOnly && { metadataOnly: true }) };
    for await (const event of watchResource(client, type, watch)) {
      if (event.kind === "listing") unseen = new Set(objects.keys());
      if (event.kind === "upsert") {
        unseen?.delete(keyOf(event.object));
        upsert(event.object);
      }
      if (event.kind === "delete") remove(event.object);
      if (event.kind !== "sync") continue;
      for (const key of unseen ?? []) set(key, undefined);
      unseen = undefined;
      hasSynced();
    }
    hasSynced();
  };
  void follow();

  return {
    get: (key) => objects.get(key),
    list: () => objects.values(),
    put: (object) => {
      if (!gone.has(object.metadata.uid ?? "")) upsert(object);
    },
    subscribe: (listener) => {
      listeners.push(listener);
      for (const [key, after] of objects) listener({ key, before: undefined, after });
    },
    synced,
  };
}
