import type { Client } from "../client/client.ts";
import { queryOf } from "../client/client.ts";
import { createLineSplitter } from "../client/lines.ts";
import { printableLine } from "../kube/printable.ts";
import type { ResourceType } from "../kube/resources.ts";
import { pathOf } from "../kube/resources.ts";

/** `meta.k8s.io/v1` Table: what an API server shows of a list. */
export interface Table {
  metadata?: { resourceVersion?: string; continue?: string };
  columnDefinitions?: Column[];
  rows?: Row[] | null;
}

interface Column {
  name: string;
  /** 0 for what is always shown. */
  priority?: number;
}

export interface Row {
  cells: unknown[];
  /** The whole object, as it was asked for. */
  object?: {
    metadata?: { namespace?: string; resourceVersion?: string };
    status?: { phase?: string };
  };
}

const ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io";
const PAGE = 500;

/** The table of a collection, all its pages together. */
export async function readTable(
  client: Client,
  type: ResourceType,
  { namespace, signal }: { namespace: string | undefined; signal: AbortSignal },
): Promise<Table> {
  const path = pathOf(type, namespace === undefined ? {} : { namespace });
  let whole: Table | undefined;
  let next: string | undefined;
  do {
    const query = queryOf({ includeObject: "Object", limit: PAGE, continue: next });
    const page = await readJson(client, `${path}${query}`, signal);
    whole = whole === undefined ? page : { ...whole, rows: [...(whole.rows ?? []), ...(page.rows ?? [])] };
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return whole;
}

/** The rows of each change after a table was read, for as long as nobody stops it. Throws if the server ends it. */
export async function* watchTable(
  client: Client,
  type: ResourceType,
  from: { namespace: string | undefined; resourceVersion: string; signal: AbortSignal },
): AsyncGenerator<Row> {
  const path = pathOf(type, from.namespace === undefined ? {} : { namespace: from.namespace });
  let { resourceVersion } = from;
  while (!from.signal.aborted) {
    const query = queryOf({ watch: true, includeObject: "Object", resourceVersion });
    const splitter = createLineSplitter();
    const chunks = await client.getStream(`${path}${query}`, { accept: ACCEPT, signal: from.signal });
    for await (const chunk of chunks) {
      for (const line of splitter.push(chunk)) {
        const event = JSON.parse(line) as { type: string; object: Table & { message?: string } };
        if (event.type === "ERROR") throw new Error(event.object.message ?? "the server ended the watch");
        for (const row of event.object.rows ?? []) {
          resourceVersion = row.object?.metadata?.resourceVersion ?? resourceVersion;
          yield row;
        }
      }
    }
  }
}

/** How rows become lines: the columns that are shown, each as wide as its widest cell so far. */
export interface TableWriter {
  header(): string;
  line(row: Row): string;
}

/** As kubectl prints tables. */
export function createTableWriter(
  table: Table,
  { wide, withNamespace }: { wide: boolean; withNamespace: boolean },
): TableWriter {
  const shown = (table.columnDefinitions ?? [])
    .map((column, index) => ({ ...column, index }))
    .filter(({ priority = 0 }) => wide || priority === 0);
  const cellsOf = (row: Row): string[] => [
    ...(withNamespace ? [row.object?.metadata?.namespace ?? ""] : []),
    ...shown.map(({ index }) => textOf(row.cells[index])),
  ];
  const heads = [...(withNamespace ? ["Namespace"] : []), ...shown.map(({ name }) => name)].map((name) =>
    printableLine(name).toUpperCase(),
  );
  const rows = [heads, ...(table.rows ?? []).map(cellsOf)];
  const widths = heads.map((_, index) => Math.max(...rows.map((cells) => cells[index]?.length ?? 0)));
  const join = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("   ")
      .trimEnd();
  return { header: () => join(heads), line: (row) => join(cellsOf(row)) };
}

function textOf(cell: unknown): string {
  if (cell === undefined || cell === null) return "";
  return printableLine(
    typeof cell === "object" ? JSON.stringify(cell) : String(cell as string | number | boolean),
  );
}

async function readJson(client: Client, path: string, signal: AbortSignal): Promise<Table> {
  const parts: Uint8Array[] = [];
  for await (const part of await client.getStream(path, { accept: ACCEPT, signal })) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString("utf8")) as Table;
}
