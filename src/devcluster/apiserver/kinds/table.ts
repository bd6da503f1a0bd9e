import type { Column, Resource } from "./resource.ts";
import { metadataOnly, readObject, type KeptObject } from "./served-object.ts";

/** What a Table shows. */
export interface TableOptions {
  /** apiVersion of the Table. */
  version: string;
  listVersion: string;
  continueToken?: string;
  remaining?: number | undefined;
  /** None, Metadata (default) or Object. */
  includeObject: string;
  withColumns: boolean;
  now: Date;
}

/** meta.k8s.io Table of objects, as `kubectl get` prints them. */
export function renderTable(
  resource: Resource,
  objects: readonly KeptObject[],
  options: TableOptions,
): Record<string, unknown> {
  const metadata: Record<string, unknown> = { resourceVersion: options.listVersion };
  if (options.continueToken) metadata["continue"] = options.continueToken;
  if (options.remaining !== undefined) metadata["remainingItemCount"] = options.remaining;
  return {
    kind: "Table",
    apiVersion: options.version,
    metadata,
    columnDefinitions: options.withColumns ? resource.columns.map(definition) : null,
    rows: objects.map((stored) => row(resource, stored, options)),
  };
}

function definition(column: Column): Record<string, unknown> {
  return {
    name: column.name,
    type: column.type,
    format: column.format ?? "",
    description: column.description ?? "",
    priority: column.priority ?? 0,
  };
}

function row(resource: Resource, stored: KeptObject, options: TableOptions): Record<string, unknown> {
  const object = readObject(resource, stored);
  const cells = resource.columns.map((column) => column.cell(object, options.now) ?? null);
  if (options.includeObject === "None") return { cells };
  if (options.includeObject === "Object") return { cells, object };
  return { cells, object: metadataOnly(object, options.version) };
}
