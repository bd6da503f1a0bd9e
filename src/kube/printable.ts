/** Sequences by which a terminal changes colours, moves, or takes a title: they hold no text. */
const TERMINAL_SEQUENCE =
  // eslint-disable-next-line no-control-regex -- These are what is looked for.
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/g;

/**
 * What a terminal or a viewer obeys instead of showing it: control characters, marks that change the direction
 * of writing, line separators, halves of characters. Left alone: tabs and newlines, and joiners, which writing needs.
 */
const OBEYED = /(?![\t\n])[\p{Cc}\p{Cs}\p{Bidi_Control}\u{2028}\u{2029}\u{feff}\u{fff9}-\u{fffb}\u{e0001}]/gu;

/** Hostile text as it can be shown: what a terminal would obey is left out, or shown as `\u{FFFD}`. */
export function printable(text: string): string {
  if (text.search(OBEYED) === -1) return text;
  return text
    .replaceAll(TERMINAL_SEQUENCE, "")
    .replaceAll("\r\n", "\n")
    .replaceAll("\r", "\n")
    .replaceAll(OBEYED, "\u{fffd}");
}

/** The same as one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll(/[\t\n]+/g, " ");
}

/** Fields whose texts have lines, in any object of ours. */
const LONG_TEXTS: ReadonlySet<string> = new Set(["message", "text", "note", "output"]);

/** A value as JSON has them with every text in it printable; texts of one line but for those of messages. */
export function printableValue<T>(value: T): T;
export function printableValue(value: unknown): unknown {
  return printableAt(value, false);
}

function printableAt(value: unknown, hasLines: boolean): unknown {
  if (typeof value === "string") return hasLines ? printable(value) : printableLine(value);
  if (Array.isArray(value)) return value.map((item) => printableAt(item, hasLines));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [printableLine(key), printableAt(item, LONG_TEXTS.has(key))]),
  );
}

/** JSON text with everything in its strings escaped that a terminal obeys. */
export function printableJson(json: string): string {
  return json.replaceAll(OBEYED, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
