import { quote } from "../go-text.ts";
import { isObject, type JsonObject } from "../json.ts";
import { childNode, type SchemaNode } from "./node.ts";

/** What pruning leaves, and the paths of what it took away (`spec.ports[0].extra`), sorted. */
export interface Pruned {
  readonly value: unknown;
  readonly unknownPaths: readonly string[];
}

const RESOURCE_FIELDS = new Set(["apiVersion", "kind", "metadata"]);

interface Scope {
  readonly node: SchemaNode | undefined;
  readonly path: string;
  /** Unknown fields stay, here and in the items of a list. */
  readonly preserve: boolean;
  readonly isResource: boolean;
}

function scopeOf(node: SchemaNode | undefined, path: string): Scope {
  return {
    node,
    path,
    preserve: node?.preserveUnknown === true,
    isResource: node?.embedded === true,
  };
}

function pruneValue(value: unknown, scope: Scope, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return mapKeepingIdentity(items, (item, index) => {
      const inner = scopeOf(scope.node?.items, `${scope.path}[${index}]`);
      return pruneValue(item, { ...inner, preserve: inner.preserve || scope.preserve }, unknown);
    });
  }
  return isObject(value) ? pruneObject(value, scope, unknown) : value;
}

function pruneObject(value: JsonObject, scope: Scope, unknown: string[]): JsonObject {
  const { node, path, preserve } = scope;
  let changed = false;
  const kept: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    const here = path === "" ? key : `${path}.${key}`;
    const child = childNode(node, key);
    if (scope.isResource && RESOURCE_FIELDS.has(key)) {
      kept.push([key, field]);
    } else if (child !== undefined || (node?.additional === true && !preserve)) {
      const pruned = pruneValue(field, scopeOf(child, here), unknown);
      changed ||= pruned !== field;
      kept.push([key, pruned]);
    } else if (preserve) {
      kept.push([key, field]);
    } else {
      changed = true;
      unknown.push(here);
    }
  }
  return changed ? Object.fromEntries(kept) : value;
}

/** Maps a list, answering the very list if nothing changed. */
function mapKeepingIdentity(
  items: readonly unknown[],
  map: (item: unknown, index: number) => unknown,
): readonly unknown[] {
  const mapped = items.map(map);
  return mapped.some((item, index) => item !== items[index]) ? mapped : items;
}

/** A whole custom resource without the fields that its schema does not know. The input is not changed. */
export function prune(node: SchemaNode, object: unknown): Pruned {
  const unknownPaths: string[] = [];
  const value = pruneValue(object, { ...scopeOf(node, ""), isResource: true }, unknownPaths);
  return { value, unknownPaths: unknownPaths.sort() };
}

/** A pruned path in the words of the Warning header and of strict decoding: `unknown field "spec.extra"`. */
export function unknownFieldError(path: string): string {
  return `unknown field ${quote(path)}`;
}
