import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectsAt, objectAt } from "../../../../kube/json.ts";

/** Validation as data: which checks are at which paths of an object. */

/** What is wrong with the value at `at`; `parent` is the object that holds it. A value left out is undefined. */
export type Check = (value: unknown, at: string, parent: MutableObject) => FieldError[];

/** A path, as in `spec.ports[].name`, and its checks. */
export type Rule = readonly [path: string, ...checks: readonly Check[]];

/** What the rules say of `object`, whose own path is `root` (empty for a whole object), in their order. */
export function checkRules(rules: readonly Rule[], object: MutableObject, root = ""): FieldError[] {
  return rules.flatMap(([path, ...checks]) => checkPath(path.split("."), checks, object, root));
}

function checkPath(
  [head = "", ...rest]: readonly string[],
  checks: readonly Check[],
  parent: MutableObject,
  root: string,
): FieldError[] {
  const name = head.replace("[]", "");
  const at = root === "" ? name : `${root}.${name}`;
  if (head.endsWith("[]")) {
    const items = parent[name];
    if (rest.length > 0) {
      return objectsAt(parent, name).flatMap((item, index) =>
        checkPath(rest, checks, item, `${at}[${index}]`),
      );
    }
    const listed: unknown[] = Array.isArray(items) ? items : [];
    return listed.flatMap((item, index) => checks.flatMap((check) => check(item, `${at}[${index}]`, parent)));
  }
  if (rest.length === 0) return checks.flatMap((check) => check(parent[name], at, parent));
  return isObject(parent[name]) ? checkPath(rest, checks, objectAt(parent, name), at) : [];
}

function isLeftOut(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** Has to be there, and not empty. */
export function present(detail = ""): Check {
  return (value, at) =>
    isLeftOut(value) || (Array.isArray(value) && value.length === 0) ? [field.required(at, detail)] : [];
}

/** One of a few words; what is left out, or empty, is judged by others. */
export function oneOf(...words: readonly string[]): Check {
  return (value, at) =>
    isLeftOut(value) || words.includes(String(value)) ? [] : [field.notSupported(at, value, words)];
}

/** A number not below `least`. */
export function atLeast(least: number): Check {
  const words = least === 1 ? "must be greater than 0" : `must be greater than or equal to ${least}`;
  return (value, at) => (typeof value === "number" && value < least ? [field.invalid(at, value, words)] : []);
}

/** A number in a range, its ends included. */
export function between(least: number, most: number, words?: string): Check {
  const detail = words ?? `must be between ${least} and ${most}, inclusive`;
  return (value, at) =>
    typeof value === "number" && (value < least || value > most) ? [field.invalid(at, value, detail)] : [];
}

/** A text that `errorsOf` finds nothing wrong with; what is left out is judged by others. */
export function named(errorsOf: (text: string) => readonly string[]): Check {
  return (value, at) =>
    isLeftOut(value) ? [] : errorsOf(String(value)).map((detail) => field.invalid(at, value, detail));
}

/** As `named`, of an empty text too. */
export function namedAlways(errorsOf: (text: string) => readonly string[]): Check {
  return (value, at) => errorsOf(String(value ?? "")).map((detail) => field.invalid(at, value ?? "", detail));
}

/** `Invalid value` of an object that a server shows with Go's field names, in their order. */
export function invalidStruct(at: string, shown: MutableObject, detail: string): FieldError {
  const message = `Invalid value: ${JSON.stringify(shown)}: ${detail}`;
  return { reason: "FieldValueInvalid", message, field: at };
}
