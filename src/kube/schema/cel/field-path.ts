import type { Parsed } from "../../parsed.ts";
import type { SchemaNode } from "../node.ts";

/** A `fieldPath` or `jsonPath` that consists of field and key accesses only, and the schema it leads to. */
export interface FieldPath {
  /** As field paths of errors are written: `spec.items[key].name`. */
  readonly path: string;
  readonly keys: readonly string[];
  readonly node: SchemaNode;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
};

function unescapeQuoted(text: string): Parsed<string> {
  const bad = [...text.matchAll(/\\(.)/gs)].find(([, char]) => ESCAPES[char ?? ""] === undefined);
  if (bad !== undefined) return { error: `invalid string literal: invalid escape char ${bad[0]}` };
  return { value: text.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char) };
}

function tokensOf(text: string): string[] {
  return text.match(/'(?:\\.|[^'\\])*'?|[.[\]]|[^.[\]]+/gs) ?? [];
}

interface Cursor {
  path: string;
  keys: string[];
  node: SchemaNode;
}

function step(cursor: Cursor, name: string): string | undefined {
  if (cursor.node.properties.size > 0) {
    const property = cursor.node.properties.get(name);
    if (property === undefined) return "does not refer to a valid field";
    cursor.path += cursor.path === "" ? name : `.${name}`;
    cursor.node = property;
  } else if (typeof cursor.node.additional === "object") {
    cursor.path += `[${name}]`;
    cursor.node = cursor.node.additional;
  } else {
    return "does not refer to a valid field";
  }
  cursor.keys.push(name);
  return undefined;
}

/**
 * Follows a path such as `.spec.size` or `.labels['a.b']` through a schema; the error is the server's.
 * Array notation is refused if a caller says so (`selectableFields`).
 */
export function normalizeFieldPath(text: string, root: SchemaNode, allowBrackets = true): Parsed<FieldPath> {
  const cursor: Cursor = { path: "", keys: [], node: root };
  const tokens = tokensOf(text);
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token !== "." && token !== "[") return { error: `expected [ or . but got: ${token}` };
    if (token === "[" && !allowBrackets) return { error: "array notation is not allowed" };
    const next = tokens[index + 1];
    if (next === undefined) return { error: "unexpected end of JSON path" };
    index += 1;
    let name = next;
    if (token === "[") {
      if (!/^'.*'$/s.test(next)) return { error: `expected single quoted string but got ${next}` };
      const unescaped = unescapeQuoted(next.slice(1, -1));
      if (unescaped.error !== undefined) return unescaped;
      name = unescaped.value;
      index += 1;
      const close = tokens[index];
      if (close === undefined) return { error: "unexpected end of JSON path" };
      if (close !== "]") return { error: `expected ] but got ${close}` };
    }
    const error = step(cursor, name);
    if (error !== undefined) return { error };
  }
  return { value: cursor };
}
