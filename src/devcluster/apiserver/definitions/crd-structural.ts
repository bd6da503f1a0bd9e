import { forbidden, invalid, required, type FieldError } from "../../../kube/field-errors.ts";
import { isObject, objectsOf, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { readSchema } from "../../../kube/schema/node.ts";

/** What makes a schema structural. Source: apiextensions-apiserver pkg/apiserver/schema/validation.go and complete.go. */

type Level = "root" | "item" | "field";

const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};
const INT_OR_STRING = [{ type: "integer" }, { type: "string" }];
const JUNCTORS = ["anyOf", "allOf", "oneOf"] as const;

/** Keywords that may not be under a logical junctor, with what the server says. */
const FORBIDDEN_NESTED: readonly [string, string][] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

/** The properties of a schema as JSON. */
export function propertiesOf(schema: JsonObject): [string, JsonObject][] {
  const properties = schema["properties"];
  if (!isObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, property]) =>
    isObject(property) ? [[name, property]] : [],
  );
}

/** A schema's `type`; empty if there is none. */
export function typeOf(schema: JsonObject): string {
  return typeof schema["type"] === "string" ? schema["type"] : "";
}

function isSet(value: unknown): boolean {
  return (
    value !== undefined && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0)
  );
}

function patternErrors(schema: JsonObject, path: string): FieldError[] {
  const { pattern } = readSchema({ pattern: schema["pattern"] });
  if (pattern === undefined || pattern.regex !== undefined) return [];
  const words = `must be a valid regular expression, but isn't: ${pattern.error}`;
  return [invalid(`${path}.pattern`, pattern.text, words)];
}

/** `spine`: the structural schema that a value validation must have a counterpart in. */
function nestedErrors(
  schema: JsonObject,
  path: string,
  spine: JsonObject | undefined,
  spinePath: string,
  mayHaveTypes = false,
): FieldError[] {
  if (spine === undefined) return [required(spinePath, `because it is defined in ${path}`)];
  const errors = FORBIDDEN_NESTED.flatMap(([keyword, words]) =>
    isSet(schema[keyword]) && !(mayHaveTypes && keyword === "type")
      ? [forbidden(`${path}.${keyword}`, words)]
      : [],
  );
  errors.push(...junctorErrors(schema, path, spine, spinePath, false), ...patternErrors(schema, path));
  const { items } = schema;
  if (isObject(items)) {
    const spineItems = isObject(spine["items"]) ? spine["items"] : undefined;
    errors.push(...nestedErrors(items, `${path}.items`, spineItems, `${spinePath}.items`));
  }
  const spineProperties = new Map(propertiesOf(spine));
  for (const [name, property] of propertiesOf(schema)) {
    const here = `${path}.properties[${name}]`;
    if (name === "metadata") errors.push(forbidden(here, "must not be specified in a nested context"));
    errors.push(
      ...nestedErrors(property, here, spineProperties.get(name), `${spinePath}.properties[${name}]`),
    );
  }
  return errors;
}

function junctorErrors(
  schema: JsonObject,
  path: string,
  spine: JsonObject,
  spinePath: string,
  isIntOrString: boolean,
): FieldError[] {
  const errors = JUNCTORS.flatMap((junctor) =>
    objectsOf(schema[junctor]).flatMap((nested, index) => {
      const here = `${path}.${junctor}[${index}]`;
      // An int-or-string may say so with anyOf, on its own or first in allOf.
      const isTypes = isIntOrString && junctor === "anyOf" && jsonEqual(schema["anyOf"], INT_OR_STRING);
      const isFirst =
        isIntOrString && junctor === "allOf" && index === 0 && jsonEqual(nested["anyOf"], INT_OR_STRING);
      const plain = isFirst ? { ...nested, anyOf: undefined } : nested;
      return nestedErrors(plain, here, spine, spinePath, isTypes);
    }),
  );
  const { not } = schema;
  return isObject(not) ? [...errors, ...nestedErrors(not, `${path}.not`, spine, spinePath)] : errors;
}

function typeErrors(schema: JsonObject, level: Level, path: string): FieldError[] {
  const type = typeOf(schema);
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const free =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  const errors: FieldError[] = [];
  if (embedded && type !== "object") {
    const words = "must be object if x-kubernetes-embedded-resource is true";
    errors.push(type === "" ? required(`${path}.type`, words) : invalid(`${path}.type`, type, words));
  } else if (type === "" && !free) errors.push(required(`${path}.type`, EMPTY_TYPE[level]));
  if (level === "root" && type !== "" && type !== "object") {
    errors.push(invalid(`${path}.type`, type, "must be object at the root"));
  }
  return errors;
}

function metadataErrors(schema: JsonObject, level: Level, path: string): FieldError[] {
  const isResource = level === "root" || schema["x-kubernetes-embedded-resource"] === true;
  if (!isResource) return [];
  const properties = new Map(propertiesOf(schema));
  const errors = ["kind", "apiVersion"].flatMap((name) => {
    const property = properties.get(name);
    if (property === undefined || typeOf(property) === "string") return [];
    return [invalid(`${path}.properties[${name}].type`, typeOf(property), "must be string")];
  });
  const metadata = properties.get("metadata");
  if (metadata === undefined) return errors;
  const here = `${path}.properties[metadata]`;
  if (typeOf(metadata) !== "object") errors.push(invalid(`${here}.type`, typeOf(metadata), "must be object"));
  const names = propertiesOf(metadata).every(([name]) => name === "name" || name === "generateName");
  const others = Object.keys(metadata).filter(
    (key) => !["type", "properties", "default", "description"].includes(key),
  );
  if (level === "root" && (!names || others.length > 0)) {
    const words =
      "must not specify anything other than name and generateName, but metadata is implicitly specified";
    errors.push(forbidden(here, words));
  }
  return errors;
}

function extensionErrors(schema: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const intOrString = schema["x-kubernetes-int-or-string"] === true;
  for (const keyword of ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"]) {
    if (intOrString && schema[keyword] === true) {
      errors.push(invalid(`${path}.${keyword}`, true, "must be false if x-kubernetes-int-or-string is true"));
    }
  }
  if (schema["x-kubernetes-embedded-resource"] !== true) return errors;
  if (schema["additionalProperties"] !== undefined) {
    const words = "must not be used if x-kubernetes-embedded-resource is set";
    errors.push(forbidden(`${path}.additionalProperties`, words));
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] !== true && propertiesOf(schema).length === 0) {
    const words =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    errors.push(required(`${path}.properties`, words));
  }
  return errors;
}

function walk(schema: JsonObject, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { items, additionalProperties } = schema;
  if (typeOf(schema) === "array" && !isObject(items))
    errors.push(required(`${path}.items`, "must be specified"));
  if (isObject(items)) errors.push(...walk(items, "item", `${path}.items`));
  for (const [name, property] of propertiesOf(schema)) {
    errors.push(...walk(property, "field", `${path}.properties[${name}]`));
  }
  if (additionalProperties !== undefined && level === "root") {
    errors.push(forbidden(`${path}.additionalProperties`, "must not be used at the root"));
  }
  if (isObject(additionalProperties)) {
    errors.push(...walk(additionalProperties, "field", `${path}.additionalProperties`));
  }
  const intOrString = schema["x-kubernetes-int-or-string"] === true;
  return [
    ...errors,
    ...extensionErrors(schema, path),
    ...junctorErrors(schema, path, schema, path, intOrString),
    ...patternErrors(schema, path),
    ...typeErrors(schema, level, path),
    ...metadataErrors(schema, level, path),
  ];
}

/** Why a schema at `path` is not structural, sorted as the server sorts it. */
export function validateStructural(schema: JsonObject, path: string): FieldError[] {
  const printed = (error: FieldError): string => `${error.field}: ${error.message}`;
  return walk(schema, "root", path).sort((a, b) =>
    printed(a) < printed(b) ? -1 : printed(a) > printed(b) ? 1 : 0,
  );
}
