/** The objects of one resource, their recent changes and who watches them. */

/** One object as kept: its JSON has no `kind` and `apiVersion`, which depend on who asks. */
export interface StoredObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly version: number;
  readonly json: string;
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

/** The objects of one resource, with their recent history. */
export interface ResourceTable {
  get(key: string): StoredObject | undefined;
  readonly size: number;
  values(): Iterable<StoredObject>;
  /** In key order, of one namespace (`""`: all), after `start` (exclusive, `""`: from the first). */
  page(namespace: string, start: string, limit: number): { objects: StoredObject[]; remaining: number };
  /** The same as it was at `version`; undefined where that is forgotten. */
  pageAt(
    version: number,
    namespace: string,
    start: string,
    limit: number,
  ): { objects: StoredObject[]; remaining: number } | undefined;
  /** Changes after `version`, also those that are not durable yet; undefined where some are forgotten. */
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

/** Who is told of published changes, in their order. */
export interface TableListener {
  event(event: StoreEvent): void;
  end(): void;
}

const HISTORY_EVENTS = 4096;
const HISTORY_CHARACTERS = 32 * 1024 * 1024;

/** An empty table that remembers changes after `startVersion`. */
export function createTable(startVersion: number): ResourceTable {
  const objects = new Map<string, StoredObject>();
  let sortedKeys: string[] = [];
  let sorted = true;
  let history: StoreEvent[] = [];
  let historyCharacters = 0;
  let oldest = startVersion;
  const listeners = new Set<TableListener>();

  const keys = (): string[] => {
    if (!sorted) {
      sortedKeys = [...objects.keys()].sort(compareKeys);
      sorted = true;
    }
    return sortedKeys;
  };
  const set = (key: string, object: StoredObject | undefined): void => {
    if (object === undefined) {
      if (objects.delete(key)) sorted = false;
      return;
    }
    if (!objects.has(key)) sorted = false;
    objects.set(key, object);
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
    let low = 0;
    let high = history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((history[middle]?.version ?? 0) > version) high = middle;
      else low = middle + 1;
    }
    return low === 0 ? history : history.slice(low);
  };

  return {
    get: (key) => objects.get(key),
    get size() {
      return objects.size;
    },
    values: () => objects.values(),
    page: (namespace, start, limit) =>
      cutPage(keys(), (key) => objects.get(key), { namespace, start, limit }),
    pageAt(version, namespace, start, limit) {
      const changes = since(version);
      if (changes === undefined) return undefined;
      const past = new Map(objects);
      for (const change of changes.toReversed()) {
        if (change.previous === undefined) past.delete(change.object.key);
        else past.set(change.object.key, change.previous);
      }
      const pastKeys = [...past.keys()].sort(compareKeys);
      return cutPage(pastKeys, (key) => past.get(key), { namespace, start, limit });
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

/** Byte order of the stored keys, as etcd lists them; names are ASCII. */
function compareKeys(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function cutPage(
  keys: readonly string[],
  get: (key: string) => StoredObject | undefined,
  wanted: { namespace: string; start: string; limit: number },
): { objects: StoredObject[]; remaining: number } {
  const prefix = wanted.namespace === "" ? "" : `${wanted.namespace}/`;
  const first = firstIndex(keys, wanted.start === "" ? prefix : `${wanted.start}\0`);
  const objects: StoredObject[] = [];
  let index = first;
  for (; index < keys.length && objects.length < wanted.limit; index++) {
    const key = keys[index] ?? "";
    if (!key.startsWith(prefix)) break;
    const object = get(key);
    if (object !== undefined) objects.push(object);
  }
  const end = prefix === "" ? keys.length : firstIndex(keys, `${wanted.namespace}0`);
  return { objects, remaining: Math.max(0, end - index) };
}

/** The index of the first key that is not before `bound`. */
function firstIndex(keys: readonly string[], bound: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
