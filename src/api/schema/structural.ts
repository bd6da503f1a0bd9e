import { z } from "zod";
import type { Rule } from "./rule.ts";

/** The subset of an OpenAPI v3 structural schema that the kinds of `api` use. */
export interface StructuralSchema {
  type?: "object" | "array" | "string" | "integer" | "boolean";
  description?: string;
  default?: unknown;
  properties?: Record<string, StructuralSchema>;
  required?: string[];
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  anyOf?: { type: "integer" | "string" }[];
  enum?: string[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  "x-kubernetes-int-or-string"?: true;
  "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "atomic" | "granular";
  "x-kubernetes-validations"?: Rule[];
}

type Json = Record<string, unknown>;

const INT_OR_STRING = "x-kubernetes-int-or-string";

/** In the order in which a schema is written. */
const KEYWORDS = [
  "description",
  "type",
  INT_OR_STRING,
  "anyOf",
  "format",
  "enum",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "maxProperties",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
  "default",
  "required",
  "properties",
  "items",
  "additionalProperties",
] as const;

/** zod writes these for every whole number without bounds. */
const UNBOUNDED = new Set([Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);

/**
 * The structural schema of a zod schema, as a CustomResourceDefinition holds it. Throws an Error that
 * names the path where the schema says what a structural schema cannot say (unions, recursion,
 * refinements, transformations, untyped values) or leaves out what ours must say (bounds, descriptions).
 */
export function toStructuralSchema(schema: z.ZodType): StructuralSchema {
  assertConvertible(schema, "", []);
  const json: unknown = z.toJSONSchema(schema, {
    io: "input",
    target: "openapi-3.0",
    reused: "inline",
    cycles: "throw",
    unrepresentable: "throw",
  });
  return convert(asObject(json, ""), "");
}

function refuse(path: string, what: string): never {
  throw new Error(`schema at ${path === "" ? "its root" : path}: ${what}`);
}

function asObject(value: unknown, path: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(path, "is no schema");
  return value as Json;
}

/** Refuses what `z.toJSONSchema` would drop without a word. */
function assertConvertible(schema: z.core.$ZodType, path: string, above: readonly z.core.$ZodType[]): void {
  if (above.includes(schema)) refuse(path, "is recursive");
  const within = [...above, schema];
  const {
    _zod: { def },
  } = schema as z.core.$ZodTypes;
  for (const check of def.checks ?? []) assertDeclarative(check, path);
  switch (def.type) {
    case "object":
      for (const [key, value] of Object.entries(def.shape))
        assertConvertible(value, `${path}.${key}`, within);
      return;
    case "array":
      return assertConvertible(def.element, `${path}[]`, within);
    case "record":
      return assertConvertible(def.valueType, `${path}{}`, within);
    case "optional":
    case "default":
      return assertConvertible(def.innerType, path, within);
    case "union":
      if (z.globalRegistry.get(schema)?.[INT_OR_STRING] === true) return;
      return refuse(path, "a union other than int-or-string has no structural schema");
    case "string":
    case "number":
    case "boolean":
    case "enum":
      return;
    default:
      return refuse(path, `a zod ${def.type} has no structural schema`);
  }
}

const DECLARATIVE = new Set([
  "max_length",
  "min_length",
  "less_than",
  "greater_than",
  "number_format",
  "string_format",
]);

function assertDeclarative(check: z.core.$ZodCheck<never>, path: string): void {
  const {
    _zod: { def },
  } = check;
  const { check: kind } = def;
  if (!DECLARATIVE.has(kind))
    refuse(path, `a zod check of type ${kind} would be lost; write a CEL rule instead`);
}

function convert(json: Json, path: string): StructuralSchema {
  const node: Json = { ...json };
  // Objects in the io of zod may say `additionalProperties: false`; a server prunes or refuses by itself.
  if (node["properties"] !== undefined) delete node["additionalProperties"];
  for (const bound of ["minimum", "maximum"]) {
    if (UNBOUNDED.has(node[bound] as number)) delete node[bound];
  }
  if (node[INT_OR_STRING] === true) node["anyOf"] = [{ type: "integer" }, { type: "string" }];
  assertComplete(node, path);

  const result: Json = {};
  for (const keyword of KEYWORDS) {
    if (node[keyword] !== undefined) result[keyword] = node[keyword];
    delete node[keyword];
  }
  const [unknown] = Object.keys(node);
  if (unknown !== undefined) refuse(path, `the keyword ${unknown} has no place in a structural schema`);
  convertChildren(result, path);
  return result as StructuralSchema;
}

function convertChildren(node: Json, path: string): void {
  if (node["properties"] !== undefined) {
    const properties = Object.entries(asObject(node["properties"], path));
    node["properties"] = Object.fromEntries(
      properties.map(([key, value]) => [key, convert(asObject(value, path), `${path}.${key}`)]),
    );
  }
  for (const [keyword, mark] of [
    ["items", "[]"],
    ["additionalProperties", "{}"],
  ] as const) {
    if (node[keyword] !== undefined) node[keyword] = convert(asObject(node[keyword], path), `${path}${mark}`);
  }
}

/** Every node has a type, a description and, if values can grow, a bound. */
function assertComplete(node: Json, path: string): void {
  if (typeof node["description"] !== "string" || node["description"] === "") {
    refuse(path, "has no description");
  }
  const bound = missingBound(node);
  if (bound !== undefined) refuse(path, `has no ${bound}`);
}

function missingBound(node: Json): string | undefined {
  switch (node["type"]) {
    case "object": {
      const isMap = node["additionalProperties"] !== undefined;
      if (isMap) return node["maxProperties"] === undefined ? "maxProperties" : undefined;
      return node["properties"] === undefined ? "properties" : undefined;
    }
    case "array":
      if (node["x-kubernetes-list-type"] === undefined) return "x-kubernetes-list-type";
      return node["maxItems"] === undefined ? "maxItems" : undefined;
    case "string":
      return node["enum"] === undefined && node["maxLength"] === undefined ? "maxLength" : undefined;
    case "integer":
    case "boolean":
      return undefined;
    default:
      if (node[INT_OR_STRING] !== true) return "type";
      return node["maxLength"] === undefined ? "maxLength" : undefined;
  }
}
