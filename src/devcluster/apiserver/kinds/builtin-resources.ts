import type { MutableObject } from "../answers/json-object.ts";
import { fieldTypeOf } from "../managed-fields/field-type.ts";
import { readSchema } from "../../../kube/schema/node.ts";
import { builtinColumns, defaultColumns } from "./columns.ts";
import { declarations, type Declaration } from "./declarations.ts";
import { decode } from "./decode.ts";
import { toCoreEvent } from "./events.ts";
import { expandedSchema, structSchema } from "./openapi-schema.ts";
import { storageKey, type Resource } from "./resource.ts";
import { coreTypes } from "./types/core.ts";
import { groupTypes } from "./types/groups.ts";
import { metaTypes } from "./types/meta.ts";
import { parseTypes, type GoTypes } from "./types/notation.ts";
import { podPartTypes } from "./types/pod-parts.ts";
import { podTypes } from "./types/pod.ts";
import { requestTypes } from "./types/requests.ts";
import { validators } from "./validate/validators.ts";

const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** The Go types of all built-in kinds. */
export function builtinTypes(): GoTypes {
  return parseTypes(metaTypes, podTypes, podPartTypes, coreTypes, groupTypes, requestTypes);
}

/** The built-in resources, but for CustomResourceDefinitions. */
export function builtinResources(types: GoTypes): Resource[] {
  return declarations.map((declaration) => declare(types, declaration));
}

/** Makes a resource of a declaration. */
export function declare(types: GoTypes, declaration: Declaration): Resource {
  const { group = "", plural, kind, type = kind } = declaration;
  return {
    group,
    version: "v1",
    plural,
    kind,
    singular: declaration.singular ?? kind.toLowerCase(),
    listKind: `${kind}List`,
    namespaced: !declaration.clusterScoped,
    shortNames: declaration.short ?? [],
    categories: declaration.categories ?? [],
    verbs: declaration.noDeleteCollection
      ? ALL_VERBS.filter((verb) => verb !== "deletecollection")
      : ALL_VERBS,
    storage: declaration.storage ?? storageKey(group, plural),
    subresources: declaration.subresources ?? [],
    hasStatus: declaration.status ?? false,
    custom: false,
    columns: group === "events.k8s.io" ? eventColumnsOf() : (builtinColumns[kind] ?? defaultColumns),
    selectableFields: new Map(Object.entries(declaration.fields ?? {})),
    schema: structSchema(types, type, (name) => ({ $ref: name })),
    fields: lazily(() => fieldTypeOf(readSchema(expandedSchema(types, type)), true)),
    empty: () => decode(types, type, {}).value,
    strategy: {
      decode(document) {
        const { value, unknown } = decode(types, type, document);
        return { object: value, unknown };
      },
      generation: false,
      unconditionalUpdate: true,
      ...validators[`${group}/${kind}`],
      ...declaration.strategy,
    },
  };
}

/** The printed columns of an events.k8s.io Event are those of the core Event that it stands for. */
function eventColumnsOf(): Resource["columns"] {
  return (builtinColumns["Event"] ?? []).map((column) => ({
    ...column,
    cell: (event: MutableObject, now: Date) => column.cell(toCoreEvent(event), now),
  }));
}

/** Computes when first asked. */
function lazily<T>(compute: () => T): () => T {
  let value: { is: T } | undefined;
  return () => (value ??= { is: compute() }).is;
}
