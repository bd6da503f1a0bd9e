import { fieldOf, isObject, jsonEqual, type JsonObject } from "./json.ts";

/** `target` with a JSON merge patch (RFC 7396) applied: null removes, objects merge, all else replaces. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, applyMergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/**
 * The smallest merge patch that turns `current` into `desired`, or undefined if they are equal.
 * A null in `desired` is taken as an absent field: a merge patch cannot set one.
 */
export function diffMergePatch(current: JsonObject, desired: JsonObject): JsonObject | undefined {
  const changes = new Map<string, unknown>();
  for (const [key, wanted] of Object.entries(desired)) {
    const present = fieldOf(current, key);
    if (wanted === null || wanted === undefined) {
      if (present !== undefined && present !== null) changes.set(key, null);
    } else if (isObject(wanted) && isObject(present)) {
      const change = diffMergePatch(present, wanted);
      if (change !== undefined) changes.set(key, change);
    } else if (!jsonEqual(present, wanted)) {
      changes.set(key, wanted);
    }
  }
  for (const [key, present] of Object.entries(current)) {
    if (present !== undefined && fieldOf(desired, key) === undefined) changes.set(key, null);
  }
  return changes.size === 0 ? undefined : Object.fromEntries(changes);
}
