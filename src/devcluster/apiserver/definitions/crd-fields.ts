import { fieldOf, isObject, type JsonObject } from "../../../kube/json.ts";

/** Reading a CRD whose shape nobody has checked. */

/** An object field; empty where there is none. */
export function objectAt(value: unknown, key: string): JsonObject {
  const found = fieldOf(value, key);
  return isObject(found) ? found : {};
}

/** The objects of a list field. */
export function objectsAt(value: unknown, key: string): JsonObject[] {
  const found = fieldOf(value, key);
  return Array.isArray(found) ? found.filter(isObject) : [];
}

/** A text field; empty where there is none. */
export function textAt(value: unknown, key: string): string {
  const found = fieldOf(value, key);
  return typeof found === "string" ? found : "";
}

/** The texts of a list field. */
export function textsAt(value: unknown, key: string): string[] {
  const found: unknown = fieldOf(value, key);
  return Array.isArray(found) ? found.filter((item): item is string => typeof item === "string") : [];
}
