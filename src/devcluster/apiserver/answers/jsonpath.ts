import { goJson } from "../../../kube/go-text.ts";
import { fieldOf, isObject, jsonEqual } from "../../../kube/json.ts";
import type { Parsed } from "../../../kube/parsed.ts";

/** The JSONPath that printer columns use: fields, quoted keys, indices, `*` and simple filters. Source: client-go util/jsonpath. */

type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" }
  | {
      readonly kind: "filter";
      readonly path: readonly Step[];
      readonly operator: string;
      readonly value: unknown;
    };

/** A path that has been read; see `parseJsonPath`. */
export type JsonPath = readonly Step[];

const COMPARISONS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  "==": jsonEqual,
  "!=": (a, b) => !jsonEqual(a, b),
  "<": (a, b) => typeof a === "number" && typeof b === "number" && a < b,
  "<=": (a, b) => typeof a === "number" && typeof b === "number" && a <= b,
  ">": (a, b) => typeof a === "number" && typeof b === "number" && a > b,
  ">=": (a, b) => typeof a === "number" && typeof b === "number" && a >= b,
};

function unquote(text: string): string | undefined {
  const match = /^(['"])(.*)\1$/s.exec(text);
  return match?.[2]?.replace(/\\(.)/gs, "$1");
}

function parseLiteral(text: string): Parsed<unknown> {
  const quoted = unquote(text);
  if (quoted !== undefined) return { value: quoted };
  if (text === "true" || text === "false") return { value: text === "true" };
  if (/^-?\d+(\.\d+)?$/.test(text)) return { value: Number(text) };
  return { error: `unrecognized literal ${text}` };
}

function parseFilter(text: string): Parsed<Step> {
  const match = /^\?\(\s*@(.*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.*?)\s*)?\)$/s.exec(text);
  if (match === null) return { error: `unrecognized filter ${text}` };
  const [, pathText = "", operator = "", literal = ""] = match;
  const path = parseJsonPath(pathText);
  if (path.error !== undefined) return path;
  if (operator === "") return { value: { kind: "filter", path: path.value, operator, value: undefined } };
  const value = parseLiteral(literal);
  if (value.error !== undefined) return value;
  return { value: { kind: "filter", path: path.value, operator, value: value.value } };
}

function parseBracket(text: string): Parsed<Step> {
  if (text === "*") return { value: { kind: "all" } };
  if (/^-?\d+$/.test(text)) return { value: { kind: "index", index: Number(text) } };
  if (text.startsWith("?")) return parseFilter(text);
  const name = unquote(text);
  return name === undefined ? { error: `invalid array index ${text}` } : { value: { kind: "field", name } };
}

/** Where the bracket that opens at `start` closes; quotes hide brackets. */
function closingBracket(text: string, start: number): number {
  let quoteChar = "";
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const char = text[index] ?? "";
    if (quoteChar !== "") {
      if (char === "\\") index += 1;
      else if (char === quoteChar) quoteChar = "";
    } else if (char === "'" || char === '"') quoteChar = char;
    else if (char === "[") depth += 1;
    else if (char === "]") {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  return -1;
}

/** Reads a path such as `.status.conditions[?(@.type=="Ready")].status`, with or without `{}` around it. */
export function parseJsonPath(source: string): Parsed<JsonPath> {
  const text = /^\{(.*)\}$/s.exec(source)?.[1] ?? source;
  const steps: Step[] = [];
  let position = text.startsWith("$") ? 1 : 0;
  while (position < text.length) {
    if (text[position] === "[") {
      const end = closingBracket(text, position);
      if (end < 0) return { error: "unterminated array" };
      const step = parseBracket(text.slice(position + 1, end).trim());
      if (step.error !== undefined) return step;
      steps.push(step.value);
      position = end + 1;
      continue;
    }
    if (text[position] !== ".") return { error: `unexpected character ${text[position]} at ${position}` };
    // A dot escaped with a backslash belongs to the name.
    const [name = ""] = /^(?:\\.|[^.[\\])*/s.exec(text.slice(position + 1)) ?? [];
    if (name === "*") steps.push({ kind: "all" });
    else if (name !== "") steps.push({ kind: "field", name: name.replace(/\\(.)/gs, "$1") });
    else if (text[position + 1] === ".") return { error: "recursive descent is not supported" };
    position += 1 + name.length;
  }
  return { value: steps };
}

function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function follow(value: unknown, step: Step): readonly unknown[] {
  switch (step.kind) {
    case "field": {
      const field = fieldOf(value, step.name);
      return field === undefined ? [] : [field];
    }
    case "index": {
      const item = Array.isArray(value) ? (value as readonly unknown[]).at(step.index) : undefined;
      return item === undefined ? [] : [item];
    }
    case "all":
      return itemsOf(value);
    case "filter":
      return itemsOf(value).filter((item) => {
        const [found] = evaluateJsonPath(step.path, item);
        if (step.operator === "") return found !== undefined;
        return COMPARISONS[step.operator]?.(found, step.value) ?? false;
      });
  }
}

/** Every value that the path leads to, in order. */
export function evaluateJsonPath(path: JsonPath, object: unknown): readonly unknown[] {
  return path.reduce<readonly unknown[]>(
    (values, step) => values.flatMap((value) => follow(value, step)),
    [object],
  );
}

/**
 * The cell of a printer column of `type` for an object: null if there is no value of that type.
 * A date is answered as it is written; the caller shows its age.
 */
export function columnValue(path: JsonPath, type: string, object: unknown): string | number | boolean | null {
  const [value] = evaluateJsonPath(path, object);
  if (value === undefined || value === null) return null;
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" ? value : null;
    default:
      return typeof value === "object" ? goJson(value) : String(value);
  }
}
