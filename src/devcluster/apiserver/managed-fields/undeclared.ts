import { isObject } from "../../../kube/json.ts";
import { failure, type StatusError } from "../answers/status-error.ts";
import type { FieldType } from "./field-type.ts";
import { printPath, type PathElement } from "./field-set.ts";

/**
 * The 500 of an applied configuration of a built-in kind that sets fields which its type does not have:
 * `paths`, as decoding found them (`spec.containers[0].foo`). Source: structured-merge-diff typed.
 */
export function undeclaredFields(
  of: { apiVersion: string; kind: string; type: FieldType },
  configuration: Readonly<Record<string, unknown>>,
  paths: readonly string[],
): StatusError {
  const { name = "", namespace = "" } = isObject(configuration["metadata"]) ? configuration["metadata"] : {};
  const errors = paths.map(
    (path) => `${printPath(elementsOf(path, of.type, configuration))}: field not declared in schema`,
  );
  const group = of.apiVersion.includes("/") ? of.apiVersion : `/${of.apiVersion}`;
  const why = errors.length === 1 ? errors[0] : ["errors:", ...errors].join("\n  ");
  return failure(
    500,
    undefined,
    `failed to create typed patch object (${String(namespace)}/${String(name)}; ${group}, Kind=${of.kind}): ${why}`,
  );
}

/** A path with its indexes as the keys that tell a list's items apart. */
function elementsOf(path: string, type: FieldType, value: unknown): PathElement[] {
  const elements: PathElement[] = [];
  let [at, current] = [type, value];
  for (const [, field, index] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
    if (field !== undefined && index === undefined) {
      elements.push(`f:${field}`);
      at = at.field(field);
      current = isObject(current) ? current[field] : undefined;
      continue;
    }
    const item: unknown = Array.isArray(current) ? current[Number(index)] : undefined;
    const keys = at.list?.type === "map" ? at.list.keys : [];
    const named = keys.map((key) => [key, isObject(item) ? item[key] : undefined]);
    elements.push(keys.length === 0 ? `i:${index}` : `k:${JSON.stringify(Object.fromEntries(named))}`);
    [at, current] = [at.item(), item];
  }
  return elements;
}
