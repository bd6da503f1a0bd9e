import {
  fieldsMatch,
  labelsMatch,
  parseFieldSelector,
  parseLabelSelector,
  type FieldSelector,
  type LabelSelector,
} from "../../../kube/selectors.ts";
import { badRequest } from "../../../kube/status-error.ts";
import { readObject } from "../objects.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import type { StoredObject } from "../storage/table.ts";

/** What a list, watch or deletecollection is restricted to. */
export interface Filter {
  /** `""` for all namespaces. */
  readonly namespace: string;
  /** Set where the field selector allows one name only. */
  readonly name: string | undefined;
  readonly selects: boolean;
  matches(stored: StoredObject): boolean;
}

/** Reads the selectors of a query; throws 400 in the server's words. */
export function parseFilter(resource: Resource, namespace: string, query: URLSearchParams): Filter {
  const labels = parseLabels(query.get("labelSelector") ?? "");
  const fields = parseFields(resource, query.get("fieldSelector") ?? "");
  const needsObject = fields.some(({ field }) => !field.startsWith("metadata."));
  const matchesFields = (stored: StoredObject): boolean => {
    if (fields.length === 0) return true;
    const object = needsObject ? readObject(resource, stored) : {};
    return fieldsMatch(fields, (field) => {
      if (field === "metadata.name") return stored.name;
      if (field === "metadata.namespace") return stored.namespace;
      return resource.selectableFields.get(field)?.(object) ?? "";
    });
  };
  const isIn = (stored: StoredObject): boolean => namespace === "" || stored.namespace === namespace;
  const named = fields.find(({ field, operator }) => field === "metadata.name" && operator === "=");
  return {
    namespace,
    name: named?.value,
    selects: labels.length > 0 || fields.length > 0,
    matches: (stored) => isIn(stored) && labelsMatch(labels, stored.labels) && matchesFields(stored),
  };
}

function parseLabels(text: string): LabelSelector {
  const parsed = parseLabelSelector(text);
  if (parsed.error !== undefined) throw badRequest(parsed.error);
  return parsed.value;
}

function parseFields(resource: Resource, text: string): FieldSelector {
  const parsed = parseFieldSelector(text);
  if (parsed.error !== undefined) throw badRequest(parsed.error);
  for (const { field } of parsed.value) {
    if (field === "metadata.name" || (field === "metadata.namespace" && resource.namespaced)) continue;
    if (resource.selectableFields.has(field)) continue;
    throw unknownField(resource, field);
  }
  return parsed.value;
}

function unknownField(resource: Resource, field: string): Error {
  if (resource.custom || resource.selectableFields.size > 0) {
    return badRequest(`field label not supported: ${field}`);
  }
  return badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
