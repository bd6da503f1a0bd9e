import type { ObjectMeta } from "../../../kube/objects.ts";

/** A JSON object of unknown fields that its holder may change; `JsonObject` of json.ts is one to read. */
export type JsonObject = Record<string, unknown>;

/** Whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

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
