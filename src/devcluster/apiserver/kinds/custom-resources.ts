import { humanAge } from "../answers/human-time.ts";
import { type MutableObject } from "../answers/json-object.ts";
import { isObject, objectsAt, objectAt, textAt } from "../../../kube/json.ts";
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
export function customResources(types: GoTypes, definition: MutableObject, staleBefore: number): Resource[] {
  const spec = objectAt(definition, "spec");
  return objectsAt(spec, "versions")
    .filter((version) => version["served"] === true)
    .map((version) => customResource(types, definition, version, staleBefore));
}

function customResource(
  types: GoTypes,
  definition: MutableObject,
  version: MutableObject,
  staleBefore: number,
): Resource {
  const spec = objectAt(definition, "spec");
  // Names that another definition has taken are not served.
  const names = objectAt(objectAt(definition, "status"), "acceptedNames");
  const group = textAt(spec, "group");
  const plural = textAt(names, "plural");
  const kind = textAt(names, "kind");
  const schema = objectAt(version, "schema")["openAPIV3Schema"];
  const compiled = compileSchema(schema);
  const hasStatus = isObject(objectAt(version, "subresources")["status"]);
  const apiVersion = `${group}/${textAt(version, "name")}`;
  const strategy = customStrategy(types, compiled, { kind, apiVersion, hasStatus });
  return {
    group,
    version: textAt(version, "name"),
    plural,
    singular: textAt(names, "singular"),
    kind,
    listKind: textAt(names, "listKind"),
    namespaced: textAt(spec, "scope") === "Namespaced",
    shortNames: textsOf(names, "shortNames"),
    categories: textsOf(names, "categories"),
    verbs: VERBS,
    storage: storageKey(group, plural),
    subresources: [],
    hasStatus,
    custom: true,
    columns: columnsOf(version),
    selectableFields: selectableFieldsOf(version),
    schema: (isObject(schema) ? schema : {}) as OpenApiSchema,
    fields: () => fieldTypeOf(compiled.root, true),
    empty: () => ({ kind, apiVersion }),
    strategy,
    staleBefore,
    refresh: (object) => compiled.applyDefaults(compiled.prune(object).value) as MutableObject,
  };
}

function textsOf(object: MutableObject, field: string): string[] {
  const list = object[field];
  return Array.isArray(list) ? list.map(String) : [];
}

function customStrategy(
  types: GoTypes,
  compiled: CompiledSchema,
  of: { kind: string; apiVersion: string; hasStatus: boolean },
): Strategy {
  const setDefaults = (object: MutableObject): void => {
    const withDefaults = compiled.applyDefaults(object) as MutableObject;
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
        object: pruned.value as MutableObject,
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

function columnsOf(version: MutableObject): Column[] {
  const declared = objectsAt(version, "additionalPrinterColumns");
  if (declared.length === 0) {
    return [nameColumn, columnOf({ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" })];
  }
  return [nameColumn, ...declared.map(columnOf)];
}

function columnOf(declared: MutableObject): Column {
  const path = textAt(declared, "jsonPath");
  const type = textAt(declared, "type");
  const parsed = parseJsonPath(path);
  return {
    name: textAt(declared, "name"),
    type,
    format: textAt(declared, "format"),
    description:
      textAt(declared, "description") || `Custom resource definition column (in JSONPath format): ${path}`,
    priority: Number(declared["priority"] ?? 0),
    cell(object, now) {
      if (parsed.value === undefined) return undefined;
      const value = columnValue(parsed.value, type, object);
      return type === "date" && typeof value === "string" ? humanAge(value, now) : value;
    },
  };
}

function selectableFieldsOf(version: MutableObject): Map<string, (object: MutableObject) => string> {
  const fields = new Map<string, (object: MutableObject) => string>();
  for (const declared of objectsAt(version, "selectableFields")) {
    const path = textAt(declared, "jsonPath");
    const parsed = parseJsonPath(path);
    fields.set(path.replace(/^\./, ""), (object) => {
      const value = parsed.value === undefined ? undefined : evaluateJsonPath(parsed.value, object)[0];
      return value === undefined || value === null ? "" : String(value);
    });
  }
  return fields;
}
