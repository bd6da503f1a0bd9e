import { humanAge } from "../answers/human-time.ts";
import { isJsonObject, itemsOf, partOf, textOf, type JsonObject } from "../answers/json-object.ts";
import { columnValue, evaluateJsonPath, parseJsonPath } from "../answers/jsonpath.ts";
import { fieldTypeOf } from "../managed-fields/field-type.ts";
import { compileSchema, type CompiledSchema } from "../../../kube/schema/compile.ts";
import { nameColumn } from "./columns.ts";
import { decode } from "./decode.ts";
import type { OpenApiSchema } from "./openapi-schema.ts";
import { storageKey, type Column, type Resource, type Strategy } from "./resource.ts";
import type { GoTypes } from "./types/notation.ts";

const VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/** The resources that a CustomResourceDefinition serves, one for each served version. */
export function customResources(types: GoTypes, definition: JsonObject, staleBefore: number): Resource[] {
  const spec = partOf(definition, "spec");
  return itemsOf(spec, "versions")
    .filter((version) => version["served"] === true)
    .map((version) => customResource(types, definition, version, staleBefore));
}

function customResource(
  types: GoTypes,
  definition: JsonObject,
  version: JsonObject,
  staleBefore: number,
): Resource {
  const spec = partOf(definition, "spec");
  // Names that another definition has taken are not served.
  const names = partOf(partOf(definition, "status"), "acceptedNames");
  const group = textOf(spec, "group");
  const plural = textOf(names, "plural");
  const kind = textOf(names, "kind");
  const schema = partOf(version, "schema")["openAPIV3Schema"];
  const compiled = compileSchema(schema);
  const hasStatus = isJsonObject(partOf(version, "subresources")["status"]);
  const apiVersion = `${group}/${textOf(version, "name")}`;
  const strategy = customStrategy(types, compiled, { kind, apiVersion, hasStatus });
  return {
    group,
    version: textOf(version, "name"),
    plural,
    singular: textOf(names, "singular"),
    kind,
    listKind: textOf(names, "listKind"),
    namespaced: textOf(spec, "scope") === "Namespaced",
    shortNames: textsOf(names, "shortNames"),
    categories: textsOf(names, "categories"),
    verbs: VERBS,
    storage: storageKey(group, plural),
    subresources: [],
    hasStatus,
    custom: true,
    columns: columnsOf(version),
    selectableFields: selectableFieldsOf(version),
    schema: (isJsonObject(schema) ? schema : {}) as OpenApiSchema,
    fields: () => fieldTypeOf(compiled.root, true),
    empty: () => ({ kind, apiVersion }),
    strategy,
    staleBefore,
    refresh: (object) => compiled.applyDefaults(compiled.prune(object).value) as JsonObject,
  };
}

function textsOf(object: JsonObject, field: string): string[] {
  const list = object[field];
  return Array.isArray(list) ? list.map(String) : [];
}

function customStrategy(
  types: GoTypes,
  compiled: CompiledSchema,
  of: { kind: string; apiVersion: string; hasStatus: boolean },
): Strategy {
  const setDefaults = (object: JsonObject): void => {
    const withDefaults = compiled.applyDefaults(object) as JsonObject;
    for (const field of Object.keys(object)) if (!(field in withDefaults)) delete object[field];
    Object.assign(object, withDefaults);
  };
  return {
    decode(document) {
      const { metadata = {}, ...rest } = document;
      const meta = decode(types, "ObjectMeta", metadata);
      const { kind, apiVersion } = of;
      const pruned = compiled.prune({ kind, apiVersion, ...rest, metadata: meta.value });
      return {
        object: pruned.value as JsonObject,
        unknown: [...pruned.unknownPaths, ...meta.unknown.map((path) => `metadata.${path}`)],
      };
    },
    setDefaults,
    prepareForCreate(object) {
      if (!of.hasStatus) return;
      delete object["status"];
      // A default for the whole status shows from the start, as if the object had been read.
      setDefaults(object);
    },
    validate: (object) => compiled.validate(object),
    validateUpdate: (object, old) => compiled.validate(object, old),
    validateStatusUpdate: (object, old) => compiled.validate(object, old),
    generation: true,
    unconditionalUpdate: false,
  };
}

function columnsOf(version: JsonObject): Column[] {
  const declared = itemsOf(version, "additionalPrinterColumns");
  if (declared.length === 0) {
    return [nameColumn, columnOf({ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" })];
  }
  return [nameColumn, ...declared.map(columnOf)];
}

function columnOf(declared: JsonObject): Column {
  const path = textOf(declared, "jsonPath");
  const type = textOf(declared, "type");
  const parsed = parseJsonPath(path);
  return {
    name: textOf(declared, "name"),
    type,
    format: textOf(declared, "format"),
    description:
      textOf(declared, "description") || `Custom resource definition column (in JSONPath format): ${path}`,
    priority: Number(declared["priority"] ?? 0),
    cell(object, now) {
      if (parsed.value === undefined) return undefined;
      const value = columnValue(parsed.value, type, object);
      return type === "date" && typeof value === "string" ? humanAge(value, now) : value;
    },
  };
}

function selectableFieldsOf(version: JsonObject): Map<string, (object: JsonObject) => string> {
  const fields = new Map<string, (object: JsonObject) => string>();
  for (const declared of itemsOf(version, "selectableFields")) {
    const path = textOf(declared, "jsonPath");
    const parsed = parseJsonPath(path);
    fields.set(path.replace(/^\./, ""), (object) => {
      const value = parsed.value === undefined ? undefined : evaluateJsonPath(parsed.value, object)[0];
      return value === undefined || value === null ? "" : String(value);
    });
  }
  return fields;
}
