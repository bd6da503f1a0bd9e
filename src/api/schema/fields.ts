import { z } from "zod";
import type { Rule } from "./rule.ts";

/**
 * The building blocks of every schema in `api`: each is a zod schema with a bound, a description and
 * the Kubernetes facts that its structural schema carries. `describe` on the result changes the
 * description and keeps the rest.
 */

interface Facts {
  description: string;
  rules?: readonly Rule[];
}

function meta(facts: Facts, more: Record<string, unknown> = {}): Record<string, unknown> {
  const { description, rules = [] } = facts;
  return rules.length === 0
    ? { description, ...more }
    : { description, ...more, "x-kubernetes-validations": rules };
}

/** A string of at most `maxLength` characters. */
export function text(facts: Facts & { minLength?: number; maxLength: number; pattern?: string }) {
  let schema = z.string().max(facts.maxLength);
  if (facts.minLength !== undefined) schema = schema.min(facts.minLength);
  return schema.meta(meta(facts, facts.pattern === undefined ? {} : { pattern: facts.pattern }));
}

/** An RFC 3339 time in UTC. */
export function timestamp(description: string) {
  return z.string().max(64).meta({ description, format: "date-time" });
}

/** A whole number; `format` names the width that Kubernetes stores it in. */
export function integer(facts: Facts & { minimum?: number; maximum?: number; format?: "int32" | "int64" }) {
  let schema = z.int();
  if (facts.minimum !== undefined) schema = schema.min(facts.minimum);
  if (facts.maximum !== undefined) schema = schema.max(facts.maximum);
  return schema.meta(meta(facts, { format: facts.format ?? "int32" }));
}

export function flag(description: string) {
  return z.boolean().meta({ description });
}

/** One of a fixed set of words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  description: string,
) {
  return z.enum(words).meta({ description });
}

/** A whole number or a string, as Kubernetes' quantities are; `minimum` binds numbers, the rest strings. */
export function intOrString(facts: Facts & { minimum: number; maxLength: number; pattern?: string }) {
  const { minimum, maxLength, pattern } = facts;
  const bounds = { minimum, maxLength, ...(pattern !== undefined && { pattern }) };
  return z
    .union([z.int(), z.string().max(maxLength)])
    .meta(meta(facts, { "x-kubernetes-int-or-string": true, ...bounds }));
}

interface ListFacts extends Facts {
  minItems?: number;
  maxItems: number;
  /** `map` needs `keys`: the item fields that together name an item. */
  type: "atomic" | "set" | "map";
  keys?: readonly string[];
}

/** A list of at most `maxItems` items. */
export function list<Item extends z.ZodType>(item: Item, facts: ListFacts) {
  let schema = z.array(item).max(facts.maxItems);
  if (facts.minItems !== undefined) schema = schema.min(facts.minItems);
  const keys = facts.keys === undefined ? {} : { "x-kubernetes-list-map-keys": facts.keys };
  return schema.meta(meta(facts, { "x-kubernetes-list-type": facts.type, ...keys }));
}

/** A map from strings to values, of at most `maxProperties` entries. */
export function map<Value extends z.ZodType>(value: Value, facts: Facts & { maxProperties: number }) {
  return z.record(z.string(), value).meta(meta(facts, { maxProperties: facts.maxProperties }));
}

/** An object of named fields. */
export function object<Shape extends z.ZodRawShape>(shape: Shape, facts: Facts & { mapType?: "atomic" }) {
  const type = facts.mapType === undefined ? {} : { "x-kubernetes-map-type": facts.mapType };
  return z.object(shape).meta(meta(facts, type));
}

/** An object with some of its fields replaced; its rules stay. */
export function withFields<Shape extends z.ZodRawShape, Replaced extends z.ZodRawShape>(
  given: z.ZodObject<Shape>,
  fields: Replaced,
) {
  return given.extend(fields).meta({ ...given.meta() });
}
