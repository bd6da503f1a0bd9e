import { mkdir } from "node:fs/promises";
import { openStateLog, type StateLog } from "./log.ts";
import { createTable, type ResourceTable, type StoredObject, type StoreEvent } from "./table.ts";

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
  /** Removes; watchers see the last stored state, with the version of its removal. */
  remove(resource: string, key: string): Promise<StoredObject>;
  /** Drops a resource with all its objects and history (its definition is gone). */
  dropTable(resource: string): void;
  close(): Promise<void>;
}

/** `json` is made once the version is known. */
export interface NewObject {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>> | undefined;
  uid: string;
  json(version: number): string;
}

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
  let durable = 1;
  const tableOf = (resource: string): ResourceTable => {
    let table = tables.get(resource);
    if (table === undefined) {
      table = createTable(latest);
      tables.set(resource, table);
    }
    return table;
  };
  let log: StateLog | undefined;
  let lastAppend: Promise<void> = Promise.resolve();
  if (dataDir !== undefined) {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const replay = (payload: string): void => {
      const record = JSON.parse(payload) as LogRecord;
      latest = Math.max(latest, record.v);
      if (record.n === undefined) return;
      const key = keyOf(record.ns ?? "", record.n);
      if (record.j === undefined) tableOf(record.r).restore(key, undefined);
      else tableOf(record.r).restore(key, restoredObject(record, record.j));
    };
    log = await openStateLog(dataDir, replay, () => snapshotOf(tables, latest), compactAboveBytes);
    durable = latest;
    for (const table of tables.values()) table.forgetHistory(latest);
  }

  const commit = async (record: LogRecord, table: ResourceTable, event: StoreEvent): Promise<void> => {
    if (log === undefined) {
      durable = record.v;
      table.publish(event);
      return;
    }
    // Appends settle in the order in which they were made, so events are published in order too.
    const publish = async (appended: Promise<void>): Promise<void> => {
      await appended;
      durable = record.v;
      table.publish(event);
    };
    lastAppend = publish(log.append(JSON.stringify(record)));
    await lastAppend;
  };

  return {
    table: tableOf,
    version: () => latest,
    durableVersion: () => durable,
    settled: () => lastAppend,
    async put(resource, input) {
      const table = tableOf(resource);
      const version = ++latest;
      const object: StoredObject = {
        key: keyOf(input.namespace, input.name),
        namespace: input.namespace,
        name: input.name,
        uid: input.uid,
        labels: input.labels,
        version,
        json: input.json(version),
      };
      const previous = table.get(object.key);
      const event: StoreEvent = { type: previous ? "MODIFIED" : "ADDED", version, object, previous };
      table.apply(event);
      const record: LogRecord = { r: resource, v: version, n: object.name, j: object.json };
      if (object.namespace !== "") record.ns = object.namespace;
      await commit(record, table, event);
      return object;
    },
    async remove(resource, key) {
      const table = tableOf(resource);
      const previous = table.get(key);
      if (previous === undefined) throw new Error(`nothing is stored as ${resource} ${key}`);
      const version = ++latest;
      const object = { ...previous, version, json: withVersion(previous.json, version) };
      const event: StoreEvent = { type: "DELETED", version, object, previous };
      table.apply(event);
      const record: LogRecord = { r: resource, v: version, n: previous.name };
      if (previous.namespace !== "") record.ns = previous.namespace;
      await commit(record, table, event);
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

/** The key of an object in its table: `NAMESPACE/NAME`, or `NAME` for what is in no namespace. */
export function keyOf(namespace: string, name: string): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

function withVersion(json: string, version: number): string {
  const object = JSON.parse(json) as { metadata: { resourceVersion: string } };
  object.metadata.resourceVersion = String(version);
  return JSON.stringify(object);
}

function restoredObject(record: LogRecord, json: string): StoredObject {
  const { metadata } = JSON.parse(json) as { metadata: { uid: string; labels?: Record<string, string> } };
  return {
    key: keyOf(record.ns ?? "", record.n ?? ""),
    namespace: record.ns ?? "",
    name: record.n ?? "",
    uid: metadata.uid,
    labels: metadata.labels,
    version: record.v,
    json,
  };
}

function snapshotOf(tables: ReadonlyMap<string, ResourceTable>, latest: number): string[] {
  // The first record keeps the version counter from going back when the newest change was a removal.
  const payloads = [JSON.stringify({ r: "", v: latest } satisfies LogRecord)];
  for (const [resource, table] of tables) {
    for (const object of table.values()) {
      const record: LogRecord = { r: resource, v: object.version, n: object.name, j: object.json };
      if (object.namespace !== "") record.ns = object.namespace;
      payloads.push(JSON.stringify(record));
    }
  }
  return payloads;
}
