import { isCelUint } from "@bufbuild/cel";
import { compileEventExpression, type EventVariables } from "./expression.ts";

/** A text with its expressions evaluated, or why that cannot be. */
export type Rendered = { text: string } | { error: string };

/** A text with `${CEL}` in it. What an expression comes to is text, whatever is in it: it is not looked at again. */
export type TextTemplate = (variables: EventVariables) => Rendered;

/** More than any field of a run takes. */
const MAX_LENGTH = 128 * 1024;

/** Reads a text with `${CEL}`; `$${` is `${` itself. Throws an Error that says what is wrong with it. */
export function compileTemplate(source: string, now: () => number): TextTemplate {
  const parts = partsOf(source).map((part) => {
    if ("text" in part) return () => part;
    const evaluate = compileEventExpression(part.expression, now);
    return (variables: EventVariables): Rendered => {
      const result = evaluate(variables);
      if ("error" in result) return { error: `\${${part.expression}}: ${result.error}` };
      const text = textOf(result.value);
      return text === undefined ? { error: `\${${part.expression}} is no text or number` } : { text };
    };
  });
  return (variables) => {
    let text = "";
    for (const part of parts) {
      const rendered = part(variables);
      if ("error" in rendered) return rendered;
      text += rendered.text;
      if (text.length > MAX_LENGTH) return { error: `it has more than ${MAX_LENGTH} characters` };
    }
    return { text };
  };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  return isCelUint(value) ? String(value.value) : undefined;
}

type Part = { text: string } | { expression: string };

function partsOf(source: string): Part[] {
  const parts: Part[] = [];
  let text = "";
  for (let at = 0; at < source.length;) {
    if (source.startsWith("$${", at)) {
      text += "${";
      at += 3;
    } else if (source.startsWith("${", at)) {
      const end = endOf(source, at + 2);
      parts.push({ text }, { expression: source.slice(at + 2, end) });
      text = "";
      at = end + 1;
    } else {
      text += source.charAt(at);
      at += 1;
    }
  }
  return [...parts, { text }];
}

/** The brace that ends an expression: none within its maps and texts. */
function endOf(source: string, from: number): number {
  let depth = 0;
  let quote = "";
  for (let at = from; at < source.length; at += 1) {
    const each = source.charAt(at);
    if (quote !== "") {
      if (each === "\\") at += 1;
      else if (each === quote) quote = "";
    } else if (each === '"' || each === "'") quote = each;
    else if (each === "{") depth += 1;
    else if (each === "}" && depth === 0) return at;
    else if (each === "}") depth -= 1;
  }
  throw new Error("there is ${ without its }; write $${ for the characters themselves");
}
