import { isObject } from "../../../../kube/json.ts";
import { checkExpression, type Checked } from "./check.ts";
import { kindType, type DeclType } from "./decl-type.ts";
import { createParser, mentions, type Parse } from "../../../../kube/schema/cel/expression.ts";

/** What compiling a rule for a CRD shows: its errors in the checker's layout, else its type and highest cost. */
export type Compiled = (Checked & { readonly error?: undefined }) | { readonly error: string };

function locate(source: string, offset: number): { line: number; column: number; text: string } {
  const before = source.slice(0, offset).split("\n");
  const line = before.length;
  return { line, column: before.at(-1)?.length ?? 0, text: source.split("\n")[line - 1] ?? "" };
}

function printError(source: string, offset: number, message: string): string {
  // The parser counts the space before an operator to it, the server does not.
  const space = /^\s*/.exec(source.slice(offset))?.[0].length ?? 0;
  const { line, column, text } = locate(source, offset + space);
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${".".repeat(column)}^`;
}

function syntaxError(source: string, error: unknown): string {
  const location = isObject(error) ? error["location"] : undefined;
  const start = isObject(location) ? location["start"] : undefined;
  const offset = isObject(start) && typeof start["offset"] === "number" ? start["offset"] : 0;
  const raw = isObject(error) ? error["rawMessage"] : undefined;
  const message = typeof raw === "string" ? raw : error instanceof Error ? error.message : String(error);
  return printError(source, offset, `Syntax error: ${message}`);
}

/** Compiles an expression over variables of these types. */
export function compileWith(
  source: string,
  variables: ReadonlyMap<string, DeclType>,
  parse: Parse = createParser(),
): Compiled {
  let parsed: ReturnType<Parse>;
  try {
    parsed = parse(source);
  } catch (error) {
    return { error: syntaxError(source, error) };
  }
  const { errors, type, cost } = checkExpression(parsed.expr, variables);
  if (errors.length === 0) return { type, cost };
  const positions = parsed.sourceInfo?.positions ?? {};
  const lines = errors
    .map(({ id, message }) => ({ offset: positions[String(id)] ?? 0, message }))
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => printError(source, offset, message));
  return { error: [...new Set(lines)].join("\n") };
}

/** What a rule or messageExpression sees; `oldSelf` is optional if the rule says so. */
export function variablesOf(self: DeclType, hasOptionalOldSelf: boolean): ReadonlyMap<string, DeclType> {
  const oldSelf = hasOptionalOldSelf ? kindType("optional", 0, self) : self;
  return new Map().set("self", self).set("oldSelf", oldSelf);
}

/** Whether an expression names a variable; false for one that is malformed. */
export function usesVariable(source: string, name: string, parse: Parse = createParser()): boolean {
  try {
    return mentions(parse(source).expr, name);
  } catch {
    return false;
  }
}
