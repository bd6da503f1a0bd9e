import { isObject, type JsonObject } from "../../kube/json.ts";
import type { StructuralSchema } from "./structural.ts";

/**
 * The value as near as the schema lets it be, or undefined if nothing of it can stay: text is cut to
 * its bound (`…` marks the cut), lists and maps are cut, what has the wrong type, form or range is left out
 * together with the object that cannot be without it. So that a status can always be written, whatever
 * a program in a pod has reported.
 */
export function fitToSchema(schema: StructuralSchema, value: unknown): unknown {
  switch (schema.type) {
    case "object":
      return isObject(value) ? fitObject(schema, value) : undefined;
    case "array":
      return Array.isArray(value) ? fitList(schema, value) : undefined;
    case "string":
      return typeof value === "string" ? fitText(schema, value) : undefined;
    case "integer":
      return isWithin(schema, value) ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case undefined:
      return value;
  }
}

function fitObject(schema: StructuralSchema, value: JsonObject): unknown {
  const { properties, additionalProperties, required = [] } = schema;
  const fitted: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    const child = properties?.[key] ?? additionalProperties;
    const fit = child === undefined ? undefined : fitToSchema(child, field);
    if (fit !== undefined) fitted[key] = fit;
  }
  if (required.some((key) => fitted[key] === undefined)) return undefined;
  return schema.maxProperties === undefined
    ? fitted
    : Object.fromEntries(Object.entries(fitted).slice(0, schema.maxProperties));
}

function fitList({ items, maxItems }: StructuralSchema, value: readonly unknown[]): unknown[] {
  const fitted = items === undefined ? [...value] : value.map((item) => fitToSchema(items, item));
  return fitted.filter((item) => item !== undefined).slice(0, maxItems);
}

function fitText(schema: StructuralSchema, value: string): string | undefined {
  const { maxLength = Number.POSITIVE_INFINITY, minLength = 0, pattern, format } = schema;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return undefined;
  if (format === "date-time" && Number.isNaN(Date.parse(value))) return undefined;
  const text = cut(value, maxLength);
  if (text.length < minLength) return undefined;
  return pattern === undefined || new RegExp(pattern, "u").test(text) ? text : undefined;
}

/** Counted in characters as OpenAPI counts them, never cut within one. */
function cut(value: string, maxLength: number): string {
  if (value.length <= maxLength) return value;
  const characters = [...value];
  return characters.length <= maxLength ? value : `${characters.slice(0, maxLength - 1).join("")}…`;
}

const INT32 = 2 ** 31;

function isWithin({ minimum, maximum, format }: StructuralSchema, value: unknown): boolean {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return false;
  if (format === "int32" && (value < -INT32 || value >= INT32)) return false;
  return value >= (minimum ?? value) && value <= (maximum ?? value);
}
