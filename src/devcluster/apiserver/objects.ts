import type { ObjectMeta } from "../../kube/objects.ts";
import { apiVersionOf } from "../../kube/resources.ts";
import { isJsonObject, type JsonObject } from "./builtin/decode.ts";
import type { Resource } from "./resource.ts";
import type { StoredObject } from "./storage/table.ts";

/** An object's metadata. Decoding has checked its shape; it is created where it is missing. */
export function metaOf(object: JsonObject): ObjectMeta {
  if (!isJsonObject(object["metadata"])) object["metadata"] = {};
  return object["metadata"] as ObjectMeta;
}

/** A part of an object that is itself an object; `{}` where it is missing, not attached to it. */
export function partOf(object: JsonObject | undefined, field: string): JsonObject {
  const part = object?.[field];
  return isJsonObject(part) ? part : {};
}

/** The items of a list field that are objects; none where it is missing. */
export function itemsOf(object: JsonObject | undefined, field: string): JsonObject[] {
  const items = object?.[field];
  return Array.isArray(items) ? items.filter(isJsonObject) : [];
}

/** A field's text; `""` where it is no string. */
export function textOf(object: JsonObject | undefined, field: string): string {
  const text = object?.[field];
  return typeof text === "string" ? text : "";
}

/** A fresh copy of a stored object in the resource's own form, with `kind` and `apiVersion`. */
export function readObject(resource: Resource, stored: StoredObject): JsonObject {
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), ...servedObject(resource, stored) };
}

function servedObject(resource: Resource, stored: StoredObject): JsonObject {
  const kept = JSON.parse(stored.json) as JsonObject;
  if (isStale(resource, stored)) return resource.refresh?.(kept) ?? kept;
  return resource.strategy.fromStored?.(kept) ?? kept;
}

function isStale(resource: Resource, stored: StoredObject): boolean {
  return resource.staleBefore !== undefined && stored.version < resource.staleBefore;
}

/** The text under which an object is stored: without `kind` and `apiVersion`. */
export function storedJson(resource: Resource, object: JsonObject): string {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return JSON.stringify(resource.strategy.toStored?.(rest) ?? rest);
}

/** The text of a stored object as the resource serves it, without parsing where that is possible. */
export function servedJson(resource: Resource, stored: StoredObject, asItem = false): string {
  const asStored = resource.strategy.fromStored === undefined && !isStale(resource, stored);
  const json = asStored ? stored.json : JSON.stringify(servedObject(resource, stored));
  if (asItem && !resource.custom) return json;
  return `{"kind":"${resource.kind}","apiVersion":"${apiVersionOf(resource)}",${json.slice(1)}`;
}

/** An object reduced to PartialObjectMetadata. */
export function metadataOnly(object: JsonObject, version: string): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: version, metadata: object["metadata"] };
}
