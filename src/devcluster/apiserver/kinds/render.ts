import type { Negotiated } from "../request/accept.ts";
import { apiVersionOf } from "../../../kube/resources.ts";
import type { Resource } from "./resource.ts";
import { metadataOnly, readObject, servedJson, type KeptObject } from "./served-object.ts";
import { renderTable } from "./table.ts";

/** In which form an object or a list is answered. */
export interface Rendering {
  readonly form: Negotiated;
  /** What a Table's rows show of their object: None, Metadata or Object. */
  readonly includeObject: string;
  readonly now: Date;
  /** Whether a Table says what its columns are; a watch says so once. */
  readonly withColumns: boolean;
}

/** One page of a list, before it takes its form. */
export interface Page<T extends KeptObject = KeptObject> {
  objects: T[];
  version: number;
  continueToken: string;
  remaining: number | undefined;
}

/** One object as JSON. */
export function renderObject(resource: Resource, stored: KeptObject, rendering: Rendering): string {
  const { form } = rendering;
  if (form.form === "object") return servedJson(resource, stored);
  if (form.form === "metadata") {
    return JSON.stringify(metadataOnly(readObject(resource, stored), form.version));
  }
  const options = { ...rendering, version: form.version, listVersion: String(stored.version) };
  return JSON.stringify(renderTable(resource, [stored], options));
}

/** A list as JSON. */
export function renderPage(resource: Resource, page: Page, rendering: Rendering): string {
  const { form } = rendering;
  const { version, continueToken, remaining } = page;
  if (form.form === "object") return renderList(resource, page);
  if (form.form === "table") {
    const options = {
      ...rendering,
      version: form.version,
      listVersion: String(version),
      continueToken,
      remaining,
    };
    return JSON.stringify(renderTable(resource, page.objects, options));
  }
  const metadata: Record<string, unknown> = { resourceVersion: String(version) };
  if (continueToken !== "") metadata["continue"] = continueToken;
  if (remaining !== undefined) metadata["remainingItemCount"] = remaining;
  const described = page.objects.map((stored) => metadataOnly(readObject(resource, stored), form.version));
  // As in Go, where this list has never been made when nothing is in it.
  const items = described.length > 0 ? described : null;
  return JSON.stringify({ kind: "PartialObjectMetadataList", apiVersion: form.version, metadata, items });
}

function renderList(resource: Resource, page: Page): string {
  const metadata: Record<string, unknown> = { resourceVersion: String(page.version) };
  if (resource.custom || page.continueToken !== "") metadata["continue"] = page.continueToken;
  if (page.remaining !== undefined) metadata["remainingItemCount"] = page.remaining;
  const items = page.objects.map((stored) => servedJson(resource, stored, true));
  return `{"kind":"${resource.listKind}","apiVersion":"${apiVersionOf(resource)}","metadata":${JSON.stringify(metadata)},"items":[${items.join(",")}]}`;
}

/** The object of a BOOKMARK event. */
export function bookmarkObject(
  resource: Resource,
  form: Negotiated,
  metadata: Record<string, unknown>,
): unknown {
  if (form.form === "table") {
    return { kind: "Table", apiVersion: form.version, metadata, columnDefinitions: null, rows: [] };
  }
  if (form.form === "metadata") {
    return { kind: "PartialObjectMetadata", apiVersion: form.version, metadata };
  }
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
}
