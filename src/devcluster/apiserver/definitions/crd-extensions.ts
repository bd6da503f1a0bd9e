import { forbidden, invalid, notSupported, required, type FieldError } from "../../../kube/field-errors.ts";
import { isObject, type JsonObject } from "../../../kube/json.ts";
import { propertiesOf, typeOf } from "./crd-structural.ts";
import { readSchema } from "../../../kube/schema/node.ts";

/** The `x-kubernetes-*` keywords of a schema in a CRD. */

function textOf(schema: JsonObject, key: string): string | undefined {
  const value = schema[key];
  return typeof value === "string" ? value : undefined;
}

function typeMustBe(schema: JsonObject, type: string, because: string, path: string): FieldError[] {
  const found = typeOf(schema);
  if (found === type) return [];
  const words = `must be ${type} if ${because} is specified`;
  return [found === "" ? required(`${path}.type`, words) : invalid(`${path}.type`, found, words)];
}

/** What is wrong with list types, map types and their keys at `path`. */
export function extensionErrors(schema: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"));
  }
  const mapType = textOf(schema, "x-kubernetes-map-type");
  if (mapType !== undefined) {
    errors.push(...typeMustBe(schema, "object", "x-kubernetes-map-type", path));
    if (mapType !== "atomic" && mapType !== "granular") {
      errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]));
    }
  }
  return [...errors, ...listTypeErrors(schema, path), ...listMapErrors(schema, path)];
}

function listTypeErrors(schema: JsonObject, path: string): FieldError[] {
  const listType = textOf(schema, "x-kubernetes-list-type");
  if (listType === undefined) return [];
  const errors = typeMustBe(schema, "array", "x-kubernetes-list-type", path);
  const { items } = schema;
  if (errors.length === 0 && listType === "set" && isObject(items)) {
    const words = "must be atomic as item of a list with x-kubernetes-list-type=set";
    const itemType = typeOf(items);
    const inner = textOf(items, "x-kubernetes-list-type");
    if (itemType === "array" && inner !== undefined && inner !== "atomic") {
      errors.push(invalid(`${path}.items.x-kubernetes-list-type`, inner, words));
    } else if (itemType === "object" && textOf(items, "x-kubernetes-map-type") !== "atomic") {
      errors.push(invalid(`${path}.items.x-kubernetes-map-type`, inner ?? null, words));
    }
  }
  if (!["atomic", "set", "map"].includes(listType)) {
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ["atomic", "set", "map"]));
  }
  if ((listType === "set" || listType === "map") && isObject(items) && items["nullable"] === true) {
    errors.push(
      forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  }
  return errors;
}

function listMapErrors(schema: JsonObject, path: string): FieldError[] {
  const listType = textOf(schema, "x-kubernetes-list-type");
  const { listMapKeys } = readSchema({ "x-kubernetes-list-map-keys": schema["x-kubernetes-list-map-keys"] });
  const errors: FieldError[] = [];
  if (listMapKeys.length > 0 && listType !== "map") {
    const words = "must be map if x-kubernetes-list-map-keys is non-empty";
    const field = `${path}.x-kubernetes-list-type`;
    errors.push(listType === undefined ? required(field, words) : invalid(field, listType, words));
  }
  if (listType !== "map") return errors;
  if (listMapKeys.length === 0) {
    const words = "must not be empty if x-kubernetes-list-type is map";
    errors.push(required(`${path}.x-kubernetes-list-map-keys`, words));
  }
  const { items } = schema;
  if (!isObject(items)) {
    return [...errors, required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map")];
  }
  if (typeOf(items) !== "object") {
    const words = "must be object if parent array's x-kubernetes-list-type is map";
    return [...errors, invalid(`${path}.items.type`, typeOf(items), words)];
  }
  return [...errors, ...listMapKeyErrors(items, listMapKeys, path)];
}

function listMapKeyErrors(items: JsonObject, keys: readonly string[], path: string): FieldError[] {
  const properties = new Map(propertiesOf(items));
  const { required: requiredNames } = readSchema(items);
  const field = `${path}.x-kubernetes-list-map-keys`;
  const errors = keys.flatMap((key, index) => {
    const property = properties.get(key);
    const found: FieldError[] = [];
    if (property === undefined)
      found.push(invalid(field, keys, "entries must all be names of item properties"));
    else if (typeOf(property) === "array" || typeOf(property) === "object") {
      const words = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      found.push(invalid(`${path}.items.properties[${key}].type`, typeOf(items), words));
    }
    if (keys.indexOf(key) !== index) found.push(invalid(field, keys, "must not contain duplicate entries"));
    return found;
  });
  const presence = keys.flatMap((key) => {
    const property = properties.get(key);
    if (property === undefined) return [];
    const here = `${path}.items.properties[${key}]`;
    const reason = "this property is in x-kubernetes-list-map-keys, so it";
    const isGiven = requiredNames.includes(key) || property["default"] !== undefined;
    return [
      ...(isGiven
        ? []
        : [required(`${here}.default`, `${reason} must have a default or be a required property`)]),
      ...(property["nullable"] === true
        ? [forbidden(`${here}.nullable`, `${reason} cannot be nullable`)]
        : []),
    ];
  });
  return [...errors, ...presence];
}
