import type { Resource } from "../../../kube/kinds/resource.ts";
import { readObject } from "../../../kube/kinds/served-object.ts";
import { parseSelectors } from "../../../kube/request/list-options.ts";
import { fieldsMatch, labelsMatch } from "../../../kube/selectors.ts";
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
  const { labels, fields } = parseSelectors(resource, query);
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
