import { openStateLog } from "./log.ts";
import {
  atVersion,
  createTable,
  keyOf,
  type ResourceTable,
  type StoredObject,
  type StoreEvent,
} from "./table.ts";

/**
 * All objects: one table for each resource, one counter of versions for all, and (with a data dir) a
 * durable log. A change is applied in memory at once, so that writers see each other; it is shown to
 * watchers and readers when it is durable.
 */
export interface Store {
  /** The table of a resource, by `group/plural`; made on first use. */
  table(resource: string): ResourceTable;
  /** The version of the latest change. Who shows it to a client waits for `settled` first. */
  version(): number;
  /** The version up to which every change is durable and published. */
  durableVersion(): number;
  /** Resolves when everything applied so far is durable. */
  settled(): Promise<void>;
  /** Creates or replaces; resolves, with the stored object, when that is durable. */
  put(resource: string, object: NewObject): Promise<StoredObject>;
  /** Removes what is there, if it is; watchers see its last state, with the version of its removal. */
  remove(resource: string, key: string): Promise<StoredObject | undefined>;
  /** Drops a resource with all its objects and history (its definition is gone). */
  dropTable(resource: string): void;
  close(): Promise<void>;
}

/** `json` is made once the version is known. */
export type NewObject = Pick<StoredObject, "namespace" | "name" | "uid" | "labels"> & {
  json(version: number): string;
};

interface LogRecord {
  r: string;
  v: number;
  ns?: string;
  n?: string;
  /** The object, absent for a removal. */
  j?: string;
}

/** Opens the store of `dataDir`, or one in memory. `compactAboveBytes`: the size from which its log is written anew. */
export async function openStore(dataDir?: string, compactAboveBytes?: number): Promise<Store> {
  const tables = new Map<string, ResourceTable>();
  let latest = 1;
  const tableOf = (resource: string): ResourceTable => {
    let table = tables.get(resource);
    if (table === undefined) tables.set(resource, (table = createTable(latest)));
    return table;
  };
  const replay = (payload: string): void => {
    const record = JSON.parse(payload) as LogRecord;
    latest = Math.max(latest, record.v);
    if (record.n === undefined) return;
    const object = record.j === undefined ? undefined : restoredObject(record, record.n, record.j);
    tableOf(record.r).restore(keyOf(record.ns ?? "", record.n), object);
  };
  const log =
    dataDir === undefined
      ? undefined
      : await openStateLog(dataDir, replay, () => snapshotOf(tables, latest), compactAboveBytes);
  let durable = latest;
  for (const table of tables.values()) table.forgetHistory(latest);
  let lastAppend: Promise<void> = Promise.resolve();

  /** Makes a change in memory; resolves when it is durable and published. */
  const commit = (resource: string, event: StoreEvent): Promise<void> => {
    const table = tableOf(resource);
    table.apply(event);
    const publish = (): void => {
      durable = event.version;
      table.publish(event);
    };
    if (log === undefined) publish();
    // Appends settle in the order in which they were made, so events are published in order too.
    else lastAppend = log.append(recordOf(resource, event)).then(publish);
    return lastAppend;
  };

  return {
    table: tableOf,
    version: () => latest,
    durableVersion: () => durable,
    settled: () => lastAppend,
    async put(resource, { json, ...input }) {
      const version = ++latest;
      const key = keyOf(input.namespace, input.name);
      const object: StoredObject = { ...input, key, version, json: json(version) };
      const previous = tableOf(resource).get(key);
      await commit(resource, { type: previous ? "MODIFIED" : "ADDED", version, object, previous });
      return object;
    },
    async remove(resource, key) {
      const previous = tableOf(resource).get(key);
      if (previous === undefined) return undefined;
      const version = ++latest;
      const object = atVersion(previous, version);
      await commit(resource, { type: "DELETED", version, object, previous });
      return object;
    },
    dropTable(resource) {
      tables.get(resource)?.end();
      tables.delete(resource);
    },
    async close() {
      for (const table of tables.values()) table.end();
      await log?.close();
    },
  };
}

function recordOf(resource: string, { type, object }: Pick<StoreEvent, "type" | "object">): string {
  const { version, namespace, name, json } = object;
  const record: LogRecord = { r: resource, v: version, n: name };
  if (namespace !== "") record.ns = namespace;
  if (type !== "DELETED") record.j = json;
  return JSON.stringify(record);
}

function restoredObject(
  { v: version, ns: namespace = "" }: LogRecord,
  name: string,
  json: string,
): StoredObject {
  const { metadata } = JSON.parse(json) as { metadata: { uid: string; labels?: Record<string, string> } };
  const { uid, labels } = metadata;
  return { key: keyOf(namespace, name), namespace, name, uid, labels, version, json };
}

function snapshotOf(tables: ReadonlyMap<string, ResourceTable>, latest: number): string[] {
  // The first record keeps the version counter from going back when the newest change was a removal.
  const payloads = [JSON.stringify({ r: "", v: latest } satisfies LogRecord)];
  for (const [resource, table] of tables) {
    for (const object of table.values()) payloads.push(recordOf(resource, { type: "ADDED", object }));
  }
  return payloads;
}
