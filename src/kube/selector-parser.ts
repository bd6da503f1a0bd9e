import { aggregate, invalid, type FieldError } from "./field-errors.ts";
import { labelValueErrors, qualifiedNameErrors } from "./names.ts";
import type { Parsed } from "./parsed.ts";

/** The grammar of label selectors, with the server's error texts. Source: apimachinery pkg/labels. */

export type LabelOperator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt";

/** One term of a label selector. `values` is empty for `exists` and `!`, of one for comparisons. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

type TokenKind = "end" | "identifier" | "error" | ")" | "(" | "," | "!" | "operator";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  in: "in",
  notin: "notin",
  "=": "=",
  "==": "==",
  "!=": "!=",
  ">": "gt",
  "<": "lt",
};
const EXPECTED_OPERATORS = "in, notin, =, ==, !=, gt, lt";

function symbolToken(text: string): Token {
  if (text === ")" || text === "(" || text === "," || text === "!") return { kind: text, text };
  return { kind: "operator", text };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  // A NUL ends the text, as it does for the server's lexer.
  const [source = ""] = text.split("\0");
  for (const [part] of source.matchAll(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g)) {
    if (/^[=!<>(),]/.test(part)) tokens.push(symbolToken(part));
    else tokens.push({ kind: part === "in" || part === "notin" ? "operator" : "identifier", text: part });
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

/** `in` and `notin` are ordinary words in the place of a key or a value. */
function isWord(token: Token): boolean {
  return token.kind === "identifier" || token.text === "in" || token.text === "notin";
}

class Parser {
  readonly #tokens: Token[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? { kind: "end", text: "" };
  }

  #next(): Token {
    const token = this.#peek();
    this.#position += 1;
    return token;
  }

  parse(): Parsed<LabelRequirement[]> {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const start = this.#peek();
      if (start.kind === "end") return { value: requirements };
      if (!isWord(start) && start.kind !== "!") {
        return { error: `found '${start.text}', expected: !, identifier, or 'end of string'` };
      }
      const requirement = this.#requirement();
      if (requirement.error !== undefined) {
        return { error: `unable to parse requirement: ${requirement.error}` };
      }
      requirements.push(requirement.value);
      const separator = this.#next();
      if (separator.kind === "end") return { value: requirements };
      if (separator.kind !== ",") {
        return { error: `found '${separator.text}', expected: ',' or 'end of string'` };
      }
      const following = this.#peek();
      if (!isWord(following) && following.kind !== "!") {
        return { error: `found '${following.text}', expected: identifier after ','` };
      }
    }
  }

  #requirement(): Parsed<LabelRequirement> {
    let token = this.#next();
    const negated = token.kind === "!";
    if (negated) token = this.#next();
    if (!isWord(token)) return { error: `found '${token.text}', expected: identifier` };
    const key = token.text;
    const errors = qualifiedNameErrors(key);
    if (errors.length > 0) {
      return { error: `<nil>: ${invalid("", key, errors.join("; ")).message}` };
    }
    const ended = this.#peek().kind === "end" || this.#peek().kind === ",";
    if (negated || ended) return checked({ key, operator: negated ? "!" : "exists", values: [] });
    const operatorToken = this.#next();
    const operator = operatorToken.kind === "operator" ? OPERATORS[operatorToken.text] : undefined;
    if (operator === undefined) {
      return { error: `found '${operatorToken.text}', expected: ${EXPECTED_OPERATORS}` };
    }
    const values = operator === "in" || operator === "notin" ? this.#set() : this.#exactValue();
    if (values.error !== undefined) return values;
    return checked({ key, operator, values: [...new Set(values.value)].sort() });
  }

  #exactValue(): Parsed<string[]> {
    const next = this.#peek();
    if (next.kind === "end" || next.kind === ",") return { value: [""] };
    const token = this.#next();
    return isWord(token) ? { value: [token.text] } : { error: `found '${token.text}', expected: identifier` };
  }

  #set(): Parsed<string[]> {
    const open = this.#next();
    if (open.kind !== "(") return { error: `found '${open.text}' expected: '('` };
    const first = this.#peek();
    if (first.kind === ")") {
      this.#next();
      return { value: [""] };
    }
    if (!isWord(first) && first.kind !== ",") {
      return { error: `found '${first.text}', expected: ',', ')' or identifier` };
    }
    return this.#members();
  }

  #members(): Parsed<string[]> {
    const values: string[] = [];
    let afterComma = true;
    for (;;) {
      const token = this.#next();
      if (isWord(token)) {
        values.push(token.text);
        afterComma = false;
        const next = this.#peek();
        if (next.kind !== "," && next.kind !== ")") {
          return { error: `found '${next.text}', expected: ',' or ')'` };
        }
      } else if (token.kind === ",") {
        if (afterComma) values.push("");
        afterComma = true;
      } else if (token.kind === ")") {
        return { value: afterComma ? [...values, ""] : values };
      } else {
        return { error: `found '${token.text}', expected: ',', or identifier` };
      }
    }
  }
}

/** A whole number of any size, or undefined. */
export function parseInteger(text: string): bigint | undefined {
  return /^[-+]?[0-9]+$/.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;
}

function valueErrors({ key, operator }: LabelRequirement, value: string, index: number): FieldError[] {
  const errors: FieldError[] = [];
  const integer = parseInteger(value);
  const counts = operator === "gt" || operator === "lt";
  if (counts && (integer === undefined || BigInt.asIntN(64, integer) !== integer)) {
    const words = "for 'Gt', 'Lt' operators, the value must be an integer";
    errors.push(invalid(`values[${index}]`, value, words));
  }
  const found = labelValueErrors(value);
  if (found.length > 0) errors.push(invalid(`values[${index}][${key}]`, value, found.join("; ")));
  return errors;
}

function checked(requirement: LabelRequirement): Parsed<LabelRequirement> {
  const errors = requirement.values.flatMap((value, index) => valueErrors(requirement, value, index));
  return errors.length === 0 ? { value: requirement } : { error: aggregate(errors) };
}

/** The requirements of a label selector in their written order. */
export function parseRequirements(text: string): Parsed<LabelRequirement[]> {
  return new Parser(text).parse();
}
