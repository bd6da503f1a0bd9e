import {
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
  type FieldError,
} from "../field-errors.ts";
import { formatNumber, goJson, quote } from "../go-text.ts";
import { isObject, jsonEqual, type JsonObject } from "../json.ts";
import { hasFormat, isStringFormat } from "./formats.ts";
import { correlate } from "./lists.ts";
import { childNode, type SchemaNode } from "./node.ts";

/**
 * Value validation of custom resources with the messages of kube-openapi pkg/validation, in its order:
 * type, combinations, string, format, number, list, enum, object.
 */

/** The stored value that a new one replaces; errors in what has not changed are not reported (ratcheting). */
interface Old {
  readonly value: unknown;
}

interface Outcome {
  readonly errors: FieldError[];
  /** How many checks held: the alternative with most is the one whose errors are shown. */
  matches: number;
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (isObject(value)) return "object";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return value === null ? "null" : typeof value;
}

/** The field of an error: a path of the library starts with a dot at the root. */
function fieldAt(path: string): string {
  return path === "" || path === "." ? "<nil>" : path.replace(/^\./, "");
}

function inBody(path: string, words: string): string {
  return `${path} in body ${words}`;
}

function composite(message: string): FieldError {
  return invalid("<nil>", "", message);
}

function checkType(node: SchemaNode, value: unknown, path: string): FieldError[] {
  if (node.types.length === 0) return [];
  const type = jsonType(value);
  if (value === null ? node.nullable : node.types.includes(type)) return [];
  if (type === "integer" && node.types.includes("number")) return [];
  // A format on a string schema is judged by the format, for strings and lists alike.
  const numeric = node.types.includes("number") || node.types.includes("integer");
  if (!numeric && node.format !== "" && (type === "string" || type === "array")) return [];
  const wanted = node.types.join(",");
  return [typeInvalid(fieldAt(path), type, inBody(path, `must be of type ${wanted}: ${quote(type)}`))];
}

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function checkString(node: SchemaNode, value: string, path: string): FieldError[] {
  const { maxLength, minLength } = node.bounds;
  const field = fieldAt(path);
  // No text is longer in characters than in UTF-16 units.
  if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength) {
    return [tooLong(field, maxLength)];
  }
  if (minLength !== undefined && characters(value) < minLength) {
    return [invalid(field, value, inBody(path, `should be at least ${minLength} chars long`))];
  }
  const pattern = node.pattern;
  if (pattern === undefined || pattern.regex?.test(value) === true) return [];
  const text =
    pattern.regex === undefined ? `${pattern.text}, but pattern is invalid: ${pattern.error}` : pattern.text;
  return [invalid(field, value, inBody(path, `should match '${text}'`))];
}

function checkFormat(node: SchemaNode, value: string, path: string): FieldError[] {
  const numeric = node.types.length > 0 && !node.types.includes("string");
  if (node.format === "" || numeric || !isStringFormat(node.format)) return [];
  if (hasFormat(node.format, value)) return [];
  const words = inBody(path, `must be of type ${node.format}: ${quote(value)}`);
  return [typeInvalid(fieldAt(path), value, words)];
}

function rangeError(node: SchemaNode, value: number, path: string): FieldError[] {
  if (node.types.length !== 1 || node.types[0] !== "integer") return [];
  const bits = node.format === "int32" ? 31 : 63;
  const fits = Number.isInteger(value) && value >= -(2 ** bits) && value < 2 ** bits;
  if (fits) return [];
  const isNamed = node.format === "int32" || node.format === "int64";
  const words = isNamed ? `integer with format ${node.format}` : "integer (default format)";
  return [composite(`Checked value must be of type ${words} in ${path}`)];
}

function checkNumber(node: SchemaNode, value: number, path: string): FieldError[] {
  const { maximum, minimum, exclusiveMaximum, exclusiveMinimum, multipleOf } = node.bounds;
  const errors = rangeError(node, value, path);
  const refuse = (words: string): void => {
    errors.push(invalid(fieldAt(path), value, inBody(path, words)));
  };
  if (multipleOf !== undefined) {
    const ratio = multipleOf < 1 ? (1 / multipleOf) * value : value / multipleOf;
    if (Math.abs(ratio - Math.round(ratio)) > 1e-9 * Math.max(1, Math.abs(ratio))) {
      refuse(`should be a multiple of ${formatNumber(multipleOf)}`);
    }
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    refuse(`should be greater than ${exclusiveMinimum ? "" : "or equal to "}${formatNumber(minimum)}`);
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    refuse(`should be less than ${exclusiveMaximum ? "" : "or equal to "}${formatNumber(maximum)}`);
  }
  return errors;
}

function checkEnum(node: SchemaNode, value: unknown, path: string): FieldError[] {
  if (node.enum === undefined || node.enum.some((allowed) => jsonEqual(allowed, value))) return [];
  const supported = node.enum.map((allowed) => (typeof allowed === "string" ? allowed : goJson(allowed)));
  return [notSupported(fieldAt(path), value, supported)];
}

function checkList(
  node: SchemaNode,
  value: readonly unknown[],
  path: string,
  old: Old | undefined,
): FieldError[] {
  const { maxItems, minItems, uniqueItems } = node.bounds;
  const errors: FieldError[] = [];
  const { items } = node;
  if (items !== undefined) {
    const oldItems = correlate(node, value, old?.value);
    value.forEach((item, index) => {
      errors.push(...check(items, item, `${path}[${index}]`, oldItems(index)).errors);
    });
  }
  const field = fieldAt(path);
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalid(field, value.length, inBody(path, `should have at least ${minItems} items`)));
  }
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(field, value.length, maxItems));
  if (uniqueItems && value.some((item, index) => value.slice(0, index).some((one) => jsonEqual(one, item)))) {
    errors.push(invalid(field, "", inBody(path, "shouldn't contain duplicates")));
  }
  return errors;
}

function checkObject(node: SchemaNode, value: JsonObject, path: string, old: Old | undefined): FieldError[] {
  const { minProperties, maxProperties } = node.bounds;
  const keys = Object.keys(value);
  const errors: FieldError[] = [];
  const field = fieldAt(path);
  if (minProperties !== undefined && keys.length < minProperties) {
    const words = `should have at least ${minProperties} properties`;
    errors.push(invalid(field, keys.length, inBody(path, words)));
  }
  if (maxProperties !== undefined && keys.length > maxProperties) {
    errors.push(tooMany(field, keys.length, maxProperties));
  }
  for (const key of keys) {
    const child = childNode(node, key);
    if (child !== undefined) {
      const stored = isObject(old?.value) && Object.hasOwn(old.value, key) ? old.value[key] : undefined;
      const before = stored === undefined ? undefined : { value: stored };
      const isProperty = node.properties.has(key);
      // At the root only a listed property loses the leading dot; the field shown is the same.
      const at = path === "" && isProperty ? key : `${path}.${key}`;
      errors.push(...check(child, value[key], at, before).errors);
    } else if (node.additional === false) {
      errors.push(invalid(field, "", `${path}.${key} in body is a forbidden property`));
    }
  }
  for (const key of node.required) {
    if (!Object.hasOwn(value, key)) errors.push(required(fieldAt(`${path}.${key}`)));
  }
  return errors;
}

function bestOf(outcomes: readonly Outcome[]): Outcome | undefined {
  let best: Outcome | undefined;
  for (const outcome of outcomes) if (best === undefined || outcome.matches > best.matches) best = outcome;
  return best;
}

function checkCombinations(node: SchemaNode, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const named = quote(path);
  if (node.anyOf.length > 0) {
    const outcomes = node.anyOf.map((alternative) => check(alternative, value, path));
    if (!outcomes.some((outcome) => outcome.errors.length === 0)) {
      errors.push(composite(`${named} must validate at least one schema (anyOf)`));
      errors.push(...(bestOf(outcomes)?.errors ?? []));
    }
  }
  if (node.oneOf.length > 0) {
    const outcomes = node.oneOf.map((alternative) => check(alternative, value, path));
    const valid = outcomes.filter((outcome) => outcome.errors.length === 0).length;
    if (valid !== 1) {
      const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
      errors.push(composite(`${named} must validate one and only one schema (oneOf). ${found}`));
      if (valid === 0) errors.push(...(bestOf(outcomes)?.errors ?? []));
    }
  }
  if (node.allOf.length > 0) {
    const outcomes = node.allOf.map((part) => check(part, value, path));
    const valid = outcomes.filter((outcome) => outcome.errors.length === 0).length;
    errors.push(...outcomes.flatMap((outcome) => outcome.errors));
    if (valid < outcomes.length) {
      const none = valid === 0 ? ". None validated" : "";
      errors.push(composite(`${named} must validate all the schemas (allOf)${none}`));
    }
  }
  if (node.not !== undefined && check(node.not, value, path).errors.length === 0) {
    errors.push(composite(`${named} must not validate the schema (not)`));
  }
  return errors;
}

function checkKind(node: SchemaNode, value: unknown, path: string, old: Old | undefined): FieldError[][] {
  if (typeof value === "string") return [checkString(node, value, path), checkFormat(node, value, path)];
  if (typeof value === "number") return [checkNumber(node, value, path)];
  if (Array.isArray(value)) return [checkList(node, value, path, old)];
  return [];
}

function check(node: SchemaNode, value: unknown, path: string, old?: Old): Outcome {
  if (old !== undefined && jsonEqual(old.value, value)) return { errors: [], matches: 1 };
  if (value === null) {
    const errors = [...checkType(node, value, path), ...(node.nullable ? [] : checkEnum(node, value, path))];
    return { errors, matches: errors.length === 0 ? 1 : 0 };
  }
  const parts = [
    checkType(node, value, path),
    checkCombinations(node, value, path),
    ...checkKind(node, value, path, old),
    checkEnum(node, value, path),
    ...(isObject(value) ? [checkObject(node, value, path, old)] : []),
  ];
  return { errors: parts.flat(), matches: parts.filter((part) => part.length === 0).length };
}

/** What the schema finds wrong with a whole custom resource; with `old`, only in what differs from it. */
export function validateValue(node: SchemaNode, object: unknown, old?: unknown): FieldError[] {
  return check(node, object, "", old === undefined ? undefined : { value: old }).errors;
}
