import type { Resource } from "../kinds/resource.ts";
import { readObject, type KeptObject } from "../kinds/served-object.ts";
import { fieldsMatch, labelsMatch } from "../../../kube/selectors.ts";
import { parseSelectors } from "./list-options.ts";
import type { Target } from "./target.ts";

/** What a list, watch or deletecollection is restricted to. */
export interface Filter {
  /** `""` for all namespaces. */
  readonly namespace: string;
  /** Whether it selects within the namespace. */
  readonly selects: boolean;
  matches(kept: KeptObject): boolean;
}

/** Reads the selectors of a query; throws 400 in the server's words. */
export function parseFilter({ resource, namespace }: Target, query: URLSearchParams): Filter {
  const { labels, fields } = parseSelectors(resource, query);
  const needsObject = fields.some(({ field }) => !field.startsWith("metadata."));
  const matchesFields = (kept: KeptObject): boolean => {
    const object = needsObject ? readObject(resource, kept) : {};
    return fieldsMatch(fields, (field) => fieldOf(resource, kept, field, object));
  };
  const selects = labels.length > 0 || fields.length > 0;
  const isSelected = (kept: KeptObject): boolean =>
    labelsMatch(labels, kept.labels) && (fields.length === 0 || matchesFields(kept));
  return {
    namespace,
    selects,
    matches: (kept) => (namespace === "" || kept.namespace === namespace) && (!selects || isSelected(kept)),
  };
}

function fieldOf(
  resource: Resource,
  { name, namespace }: KeptObject,
  field: string,
  object: Record<string, unknown>,
): string {
  if (field === "metadata.name") return name;
  if (field === "metadata.namespace") return namespace;
  return resource.selectableFields.get(field)?.(object) ?? "";
}
