/** Values as JSON knows them, without surprises from object prototypes. */

export type JsonObject = { readonly [key: string]: unknown };

/** Whether a JSON value is an object (not an array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value if it is an object. */
export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** The value if it is an object, else an empty one. */
export function objectOf(value: unknown): JsonObject {
  return asObject(value) ?? {};
}

/** An own field of an object; undefined for a missing one and for anything that is no object. */
export function fieldOf(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The value at a path of keys. */
export function valueAt(value: unknown, ...path: string[]): unknown {
  return path.reduce(fieldOf, value);
}

/** A field that is itself an object; empty if there is none. */
export function objectAt(value: unknown, key: string): JsonObject {
  return objectOf(fieldOf(value, key));
}

/** The objects of a list field. */
export function objectsAt(value: unknown, key: string): JsonObject[] {
  return objectsOf(fieldOf(value, key));
}

/** The objects of a list; none if it is no list. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A text field; empty if there is none. */
export function textAt(value: unknown, key: string): string {
  const found = fieldOf(value, key);
  return typeof found === "string" ? found : "";
}

/** The texts of a list field. */
export function textsAt(value: unknown, key: string): string[] {
  const found = fieldOf(value, key);
  return Array.isArray(found) ? found.filter((item): item is string => typeof item === "string") : [];
}

/** A copy with one field set; safe for a key such as `__proto__`. */
export function withField(object: JsonObject, key: string, value: unknown): JsonObject {
  return { ...object, ...Object.fromEntries([[key, value]]) };
}

/** A copy without one field. */
export function withoutField(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/** Whether two JSON values are the same; the order of keys does not count, an undefined field is an absent one. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => jsonEqual(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  for (const key of Object.keys(a)) if (!jsonEqual(a[key], fieldOf(b, key))) return false;
  for (const key of Object.keys(b)) if (b[key] !== undefined && fieldOf(a, key) === undefined) return false;
  return true;
}

/** Whether a value nests deeper than `limit`; deeper ones would exhaust the stack of whoever walks them. */
export function nestsDeeperThan(value: unknown, limit: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((item): unknown[] => {
      if (Array.isArray(item)) return item;
      return isObject(item) ? Object.values(item) : [];
    });
  }
  return false;
}

/** How Go's decoder names what a JSON value is. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
