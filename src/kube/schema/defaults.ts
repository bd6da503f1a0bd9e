import { isObject } from "../json.ts";
import { childNode, type SchemaNode } from "./node.ts";

function isRefusedNull(value: unknown, node: SchemaNode | undefined): boolean {
  return value === null && node !== undefined && !node.nullable;
}

function dropNulls(value: unknown, node: SchemaNode | undefined): unknown {
  if (node === undefined) return value;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const kept = items.map((item) => dropNulls(item, node.items));
    return kept.some((item, index) => item !== items[index]) ? kept : items;
  }
  if (!isObject(value)) return value;
  let changed = false;
  const kept: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    const child = childNode(node, key);
    if (isRefusedNull(field, child) && child?.default === undefined) {
      changed = true;
      continue;
    }
    const cleaned = dropNulls(field, child);
    changed ||= cleaned !== field;
    kept.push([key, cleaned]);
  }
  return changed ? Object.fromEntries(kept) : value;
}

function setDefaults(value: unknown, node: SchemaNode | undefined): unknown {
  if (node === undefined || !node.below.defaults) return value;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const filled = items.map((item) => setDefaults(withDefault(item, node.items), node.items));
    return filled.some((item, index) => item !== items[index]) ? filled : items;
  }
  if (!isObject(value)) return value;
  let changed = false;
  const filled = new Map<string, unknown>(Object.entries(value));
  for (const [key, property] of node.properties) {
    if (property.default === undefined) continue;
    if (!filled.has(key) || isRefusedNull(filled.get(key), property)) {
      filled.set(key, property.default);
      changed = true;
    }
  }
  for (const [key, field] of filled) {
    const child = childNode(node, key);
    const next = setDefaults(node.properties.has(key) ? field : withDefault(field, child), child);
    if (next !== field) {
      filled.set(key, next);
      changed = true;
    }
  }
  return changed ? Object.fromEntries(filled) : value;
}

function withDefault(value: unknown, node: SchemaNode | undefined): unknown {
  return isRefusedNull(value, node) && node?.default !== undefined ? node.default : value;
}

/**
 * The object with the schema's defaults: nulls that are not nullable go (or become the default), then
 * missing fields are filled, from the outside in. The input is not changed and may be shared by the result.
 */
export function applyDefaults(node: SchemaNode, object: unknown): unknown {
  return setDefaults(dropNulls(object, node), node);
}
