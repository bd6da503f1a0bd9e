import { RE2JS } from "re2js";
import { isObject, type JsonObject } from "../json.ts";

/** One rule of `x-kubernetes-validations`. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** A structural OpenAPI v3 schema, read once so that validation need not look at JSON again. */
export interface SchemaNode {
  /** Empty: any type. `x-kubernetes-int-or-string` gives integer and string. */
  readonly types: readonly string[];
  readonly nullable: boolean;
  readonly format: string;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** `true` and absent both allow anything. */
  readonly additional: SchemaNode | boolean | undefined;
  readonly items: SchemaNode | undefined;
  readonly required: readonly string[];
  readonly default: unknown;
  readonly enum: readonly unknown[] | undefined;
  readonly pattern:
    | { readonly text: string; readonly regex: RE2JS | undefined; readonly error: string }
    | undefined;
  readonly bounds: Bounds;
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  readonly not: SchemaNode | undefined;
  readonly preserveUnknown: boolean;
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly listType: string | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: string | undefined;
  readonly rules: readonly ValidationRule[];
  /** What the node or anything below it has, so that walks can stay out if there is nothing to do. */
  readonly below: {
    readonly defaults: boolean;
    readonly rules: boolean;
    readonly lists: boolean;
    readonly embedded: boolean;
  };
}

/** The numeric keywords; absent ones are undefined. */
export interface Bounds {
  readonly maximum: number | undefined;
  readonly minimum: number | undefined;
  readonly exclusiveMaximum: boolean;
  readonly exclusiveMinimum: boolean;
  readonly multipleOf: number | undefined;
  readonly maxLength: number | undefined;
  readonly minLength: number | undefined;
  readonly maxItems: number | undefined;
  readonly minItems: number | undefined;
  readonly uniqueItems: boolean;
  readonly maxProperties: number | undefined;
  readonly minProperties: number | undefined;
}

function numberOf(schema: JsonObject, key: string): number | undefined {
  const value = schema[key];
  return typeof value === "number" ? value : undefined;
}

function stringOf(schema: JsonObject, key: string): string | undefined {
  const value = schema[key];
  return typeof value === "string" ? value : undefined;
}

function stringsOf(schema: JsonObject, key: string): string[] {
  const value: unknown = schema[key];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

function readBounds(schema: JsonObject): Bounds {
  return {
    maximum: numberOf(schema, "maximum"),
    minimum: numberOf(schema, "minimum"),
    exclusiveMaximum: schema["exclusiveMaximum"] === true,
    exclusiveMinimum: schema["exclusiveMinimum"] === true,
    multipleOf: numberOf(schema, "multipleOf"),
    maxLength: numberOf(schema, "maxLength"),
    minLength: numberOf(schema, "minLength"),
    maxItems: numberOf(schema, "maxItems"),
    minItems: numberOf(schema, "minItems"),
    uniqueItems: schema["uniqueItems"] === true,
    maxProperties: numberOf(schema, "maxProperties"),
    minProperties: numberOf(schema, "minProperties"),
  };
}

function readPattern(text: string | undefined): SchemaNode["pattern"] {
  if (text === undefined || text === "") return undefined;
  try {
    return { text, regex: RE2JS.compile(text), error: "" };
  } catch (error) {
    return { text, regex: undefined, error: error instanceof Error ? error.message : String(error) };
  }
}

function readRules(schema: JsonObject): ValidationRule[] {
  const rules: unknown = schema["x-kubernetes-validations"];
  if (!Array.isArray(rules)) return [];
  return rules.filter(isObject).map((rule): ValidationRule => {
    const message = stringOf(rule, "message");
    const messageExpression = stringOf(rule, "messageExpression");
    const reason = stringOf(rule, "reason");
    const fieldPath = stringOf(rule, "fieldPath");
    return {
      rule: stringOf(rule, "rule") ?? "",
      ...(message === undefined ? {} : { message }),
      ...(messageExpression === undefined ? {} : { messageExpression }),
      ...(reason === undefined ? {} : { reason }),
      ...(fieldPath === undefined ? {} : { fieldPath }),
      ...(rule["optionalOldSelf"] === true ? { optionalOldSelf: true } : {}),
    };
  });
}

function readNodes(value: unknown): SchemaNode[] {
  return Array.isArray(value) ? value.map(readSchema) : [];
}

function readProperties(schema: JsonObject): Map<string, SchemaNode> {
  const properties = schema["properties"];
  const entries = isObject(properties) ? Object.entries(properties) : [];
  return new Map(entries.map(([name, property]) => [name, readSchema(property)]));
}

function readTypes(schema: JsonObject): string[] {
  if (schema["x-kubernetes-int-or-string"] === true) return ["integer", "string"];
  const type = stringOf(schema, "type");
  return type === undefined || type === "" ? [] : [type];
}

type Below = SchemaNode["below"];

function gatherBelow(own: Below, children: readonly SchemaNode[]): Below {
  return {
    defaults: own.defaults || children.some((child) => child.below.defaults),
    rules: own.rules || children.some((child) => child.below.rules),
    lists: own.lists || children.some((child) => child.below.lists),
    embedded: own.embedded || children.some((child) => child.below.embedded),
  };
}

/** Reads a schema from its JSON form. Total: what is malformed counts as absent; CRD validation reports it. */
export function readSchema(value: unknown): SchemaNode {
  const schema: JsonObject = isObject(value) ? value : {};
  const properties = readProperties(schema);
  const extra = schema["additionalProperties"];
  const additional = isObject(extra) ? readSchema(extra) : typeof extra === "boolean" ? extra : undefined;
  const items = isObject(schema["items"]) ? readSchema(schema["items"]) : undefined;
  const rules = readRules(schema);
  const allOf = readNodes(schema["allOf"]);
  const listType = stringOf(schema, "x-kubernetes-list-type");
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const children = [...properties.values(), ...allOf, items, additional].filter(
    (child): child is SchemaNode => typeof child === "object",
  );
  const own = {
    defaults: schema["default"] !== undefined,
    rules: rules.length > 0,
    lists: listType === "set" || listType === "map",
    embedded,
  };
  return {
    types: readTypes(schema),
    nullable: schema["nullable"] === true,
    format: stringOf(schema, "format") ?? "",
    properties,
    additional,
    items,
    required: stringsOf(schema, "required"),
    default: schema["default"],
    enum: Array.isArray(schema["enum"]) && schema["enum"].length > 0 ? schema["enum"] : undefined,
    pattern: readPattern(stringOf(schema, "pattern")),
    bounds: readBounds(schema),
    allOf,
    anyOf: readNodes(schema["anyOf"]),
    oneOf: readNodes(schema["oneOf"]),
    not: isObject(schema["not"]) ? readSchema(schema["not"]) : undefined,
    preserveUnknown: schema["x-kubernetes-preserve-unknown-fields"] === true,
    embedded,
    intOrString: schema["x-kubernetes-int-or-string"] === true,
    listType,
    listMapKeys: stringsOf(schema, "x-kubernetes-list-map-keys"),
    mapType: stringOf(schema, "x-kubernetes-map-type"),
    rules,
    below: gatherBelow(own, children),
  };
}

/** The schema that governs a field of an object: its property, else what `additionalProperties` says. */
export function childNode(node: SchemaNode | undefined, key: string): SchemaNode | undefined {
  const property = node?.properties.get(key);
  if (property !== undefined) return property;
  return typeof node?.additional === "object" ? node.additional : undefined;
}
