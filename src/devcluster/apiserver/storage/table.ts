import type { KeptObject } from "../kinds/served-object.ts";

/** The objects of one resource, their recent changes and who watches them. */

/** One object as kept, with its key in the table. */
export interface StoredObject extends KeptObject {
  readonly key: string;
}

/** One change of a table; a removal has the last state, at the version of the removal. */
export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly version: number;
  readonly object: StoredObject;
  readonly previous: StoredObject | undefined;
  /** Serialized forms, shared by all watchers that want the same one. */
  readonly rendered?: Map<string, Buffer>;
}

/** A part of a table; to be read before anything else happens. */
export interface Range {
  /** In key order. */
  readonly keys: readonly string[];
  get(key: string): StoredObject | undefined;
}

/** The objects of one resource, with their recent history. */
export interface ResourceTable {
  get(key: string): StoredObject | undefined;
  readonly size: number;
  values(): Iterable<StoredObject>;
  /**
   * The objects of a namespace (`""`: all) after `start` (exclusive, `""`: from the first), as they are or,
   * where a version is named, were; undefined if that is forgotten.
   */
  range(namespace: string, start: string, version?: number): Range | undefined;
  /** Changes after `version`, also those that are not durable yet; undefined if some are forgotten. */
  since(version: number): readonly StoreEvent[] | undefined;
  /** The version before the oldest remembered change. */
  oldest(): number;
  subscribe(listener: TableListener): () => void;

  /** Makes the change and remembers it, without telling the listeners yet. */
  apply(event: StoreEvent): void;
  /** Tells the listeners. */
  publish(event: StoreEvent): void;
  restore(key: string, object: StoredObject | undefined): void;
  forgetHistory(version: number): void;
  /** Ends all watches. */
  end(): void;
}

/** Who is notified of published changes, in their order. */
export interface TableListener {
  event(event: StoreEvent): void;
  end(): void;
}

const HISTORY_EVENTS = 4096;
const HISTORY_CHARACTERS = 32 * 1024 * 1024;

/** An empty table that remembers changes after `startVersion`. */
export function createTable(startVersion: number): ResourceTable {
  const objects = new Map<string, StoredObject>();
  let sortedKeys: readonly string[] | undefined;
  let history: StoreEvent[] = [];
  let historyCharacters = 0;
  let oldest = startVersion;
  const listeners = new Set<TableListener>();

  const set = (key: string, object: StoredObject | undefined): void => {
    const isOtherKey = object === undefined ? objects.delete(key) : !objects.has(key);
    if (isOtherKey) sortedKeys = undefined;
    if (object !== undefined) objects.set(key, object);
  };
  const trim = (): void => {
    // In large steps, so that the copying is rare.
    if (history.length <= HISTORY_EVENTS * 2 && historyCharacters <= HISTORY_CHARACTERS * 2) return;
    let keep = Math.min(history.length, HISTORY_EVENTS);
    let characters = 0;
    for (let index = 1; index <= keep; index++) {
      characters += history[history.length - index]?.object.json.length ?? 0;
      if (characters > HISTORY_CHARACTERS) keep = index - 1;
    }
    const dropped = history.length - keep;
    oldest = history[dropped - 1]?.version ?? oldest;
    history = history.slice(dropped);
    historyCharacters = characters;
  };
  const since = (version: number): readonly StoreEvent[] | undefined => {
    if (version < oldest) return undefined;
    const first = firstIndex(history, (event) => event.version > version);
    return first === 0 ? history : history.slice(first);
  };

  return {
    get: (key) => objects.get(key),
    get size() {
      return objects.size;
    },
    values: () => objects.values(),
    range(namespace, start, version) {
      if (version === undefined) return cutRange((sortedKeys ??= keysOf(objects)), objects, namespace, start);
      const changes = since(version);
      if (changes === undefined) return undefined;
      const past = new Map(objects);
      for (const { object, previous } of changes.toReversed()) {
        if (previous === undefined) past.delete(object.key);
        else past.set(object.key, previous);
      }
      return cutRange(keysOf(past), past, namespace, start);
    },
    since,
    oldest: () => oldest,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    apply(event) {
      set(event.object.key, event.type === "DELETED" ? undefined : event.object);
      history.push(event);
      historyCharacters += event.object.json.length;
      trim();
    },
    publish(event) {
      const shared = { ...event, rendered: new Map<string, Buffer>() };
      for (const listener of listeners) listener.event(shared);
    },
    restore: set,
    forgetHistory(version) {
      history = [];
      historyCharacters = 0;
      oldest = version;
    },
    end() {
      const watching = [...listeners];
      listeners.clear();
      for (const listener of watching) listener.end();
    },
  };
}

/** The key of an object in its table: `NAMESPACE/NAME`, or `NAME` for what is in no namespace. */
export function keyOf(namespace: string, name: string): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** The same object as what a later change knows of it. */
export function atVersion(stored: StoredObject, version: number): StoredObject {
  const object = JSON.parse(stored.json) as { metadata: { resourceVersion: string } };
  object.metadata.resourceVersion = String(version);
  return { ...stored, version, json: JSON.stringify(object) };
}

/** Byte order of the stored keys, as etcd lists them; names are ASCII. */
function keysOf(objects: ReadonlyMap<string, StoredObject>): string[] {
  return [...objects.keys()].sort();
}

function cutRange(
  keys: readonly string[],
  objects: ReadonlyMap<string, StoredObject>,
  namespace: string,
  start: string,
): Range {
  const before = namespace === "" ? "" : `${namespace}/`;
  const first = firstIndex(keys, (key) => key > before && key > start);
  // `0` is the character after `/`.
  const end = namespace === "" ? keys.length : firstIndex(keys, (key) => key >= `${namespace}0`);
  return { keys: keys.slice(first, Math.max(first, end)), get: (key) => objects.get(key) };
}

/** The index of the first item that is past a point; those before it are not, and all after it are. */
function firstIndex<T>(items: readonly T[], isPast: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isPast(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
