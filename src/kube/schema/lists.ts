import { duplicate, invalid, type FieldError } from "../field-errors.ts";
import { goJson } from "../go-text.ts";
import { fieldOf, isObject, type JsonObject } from "../json.ts";
import { childNode, type SchemaNode } from "./node.ts";

/** The keys of a `map` list's item as a comparable text; a null item has none. */
function itemKey(node: SchemaNode, item: unknown): string {
  const [key, ...more] = node.listMapKeys;
  if (key === undefined || more.length > 0) return goJson(keyValues(node, item));
  const value = fieldOf(item, key);
  return value === undefined ? "" : goJson(value);
}

function keyValues(node: SchemaNode, item: unknown): JsonObject {
  return Object.fromEntries(
    node.listMapKeys.flatMap((key) => {
      const value = fieldOf(item, key);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** For each index of a new list the stored item it replaces: only items of `map` lists have one. */
export function correlate(
  node: SchemaNode,
  items: readonly unknown[],
  old: unknown,
): (index: number) => { readonly value: unknown } | undefined {
  if (node.listType !== "map" || !Array.isArray(old)) return () => undefined;
  const stored = new Map((old as readonly unknown[]).map((item) => [itemKey(node, item), item]));
  return (index) => {
    const value = stored.get(itemKey(node, items[index]));
    return value === undefined ? undefined : { value };
  };
}

/** The indices at which a value is seen for the second time. */
function repeated(keys: readonly string[]): number[] {
  if (keys.length < 2) return [];
  const times = new Map<string, number>();
  return keys.flatMap((key, index) => {
    const seen = (times.get(key) ?? 0) + 1;
    times.set(key, seen);
    return seen === 2 ? [index] : [];
  });
}

function listErrors(node: SchemaNode, items: readonly unknown[], path: string): FieldError[] {
  const inner = node.items;
  const below =
    inner?.below.lists === true ? items.flatMap((item, index) => walk(inner, item, `${path}[${index}]`)) : [];
  if (node.listType === "set") {
    const own = repeated(items.map(goJson)).map((index) => duplicate(`${path}[${index}]`, items[index]));
    return [...own, ...below];
  }
  if (node.listType !== "map") return below;
  const wrong = items.findIndex((item) => item !== null && !isObject(item));
  if (wrong >= 0) {
    const words = "must be an object for an array of list-type map";
    return [invalid(`${path}[${wrong}]`, items[wrong], words), ...below];
  }
  const own = repeated(items.map((item) => itemKey(node, item))).map((index) =>
    duplicate(`${path}[${index}]`, keyValues(node, items[index])),
  );
  return [...own, ...below];
}

function walk(node: SchemaNode, value: unknown, path: string): FieldError[] {
  if (!node.below.lists) return [];
  if (Array.isArray(value)) return listErrors(node, value, path);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, field]) => {
    const child = childNode(node, key);
    if (child === undefined) return [];
    const isProperty = node.properties.has(key);
    const here = isProperty ? (path === "" ? key : `${path}.${key}`) : `${path}[${key}]`;
    return walk(child, field, here);
  });
}

/**
 * `old` with the items of its `set` and `map` lists in the order of `now`: rules compare such lists whatever
 * their order.
 */
export function alignLists(node: SchemaNode, old: unknown, now: unknown): unknown {
  if (!node.below.lists) return old;
  if (Array.isArray(old) && Array.isArray(now)) return alignItems(node, old, now);
  if (!isObject(old) || !isObject(now)) return old;
  return Object.fromEntries(
    Object.entries(old).map(([key, field]) => {
      const child = childNode(node, key);
      return [key, child === undefined ? field : alignLists(child, field, fieldOf(now, key))];
    }),
  );
}

function alignItems(node: SchemaNode, old: readonly unknown[], now: readonly unknown[]): readonly unknown[] {
  const { items, listType } = node;
  if (listType !== "set" && listType !== "map") {
    return items === undefined ? old : old.map((item, index) => alignLists(items, item, now[index]));
  }
  const keyOf = (item: unknown): string => (listType === "set" ? goJson(item) : itemKey(node, item));
  const places = new Map(now.map((item, index) => [keyOf(item), index]));
  const placeOf = (item: unknown): number => places.get(keyOf(item)) ?? now.length;
  return old
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .map((item) => (items === undefined ? item : alignLists(items, item, now[placeOf(item)])));
}

/** Duplicates in lists of type `set` and `map` anywhere in the object. */
export function validateLists(node: SchemaNode, object: unknown): FieldError[] {
  return walk(node, object, "");
}
