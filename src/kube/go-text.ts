/** How Go prints values: an API server's messages are made with it. Source: fmt, strconv, encoding/json. */

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

function escapeRune(rune: string): string {
  const named = NAMED_ESCAPES[rune];
  if (named !== undefined) return named;
  const code = rune.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** `%q`: the text in double quotes, with what is not printable escaped. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]|[\p{C}\p{Z}]/gu, (rune) => (rune === " " ? rune : escapeRune(rune)))}"`;
}

/** `%v` of a float64: shortest form, with an exponent below 1e-4 and from 1e21 on. */
export function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-4) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return String(value);
}

/** `json.Marshal` of a value that came from JSON: keys sorted, `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  return writeJson(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function writeJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${writeJson(field)}`);
    return `{${fields.join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}

/** `%+v` of a value that came from JSON: `map[a:1 b:[x y]]`, keys sorted. */
export function goValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${fields.map(([key, field]) => `${key}:${goValue(field)}`).join(" ")}]`;
  }
  if (typeof value === "number") return formatNumber(value);
  return value === null || value === undefined ? "<nil>" : String(value as string | boolean);
}
