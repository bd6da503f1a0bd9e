/** The text of JSON bytes, which are not kept. */
export type JsonReader = (json: Buffer) => string;

/**
 * Reads JSON with the lists and objects under members of these names emptied, wherever they are, without parsing
 * them or making text of them: a fraction of the time and memory that reading and dropping them takes. Members whose
 * value is of another type, and JSON that is not as compact as API servers write it, stay as they are.
 */
export function createOmission(names: readonly string[]): JsonReader {
  if (names.length === 0) return (json) => json.toString("utf8");
  const odd = names.find((name) => !/^\w+$/.test(name));
  if (odd !== undefined) throw new Error(`"${odd}" is no plain name of a member`);
  const omitted = new Set(names);
  const known: Buffer[] = [];
  return (json) => omitMembers(json, omitted, known);
}

/** Values that were cut out before, the last first: the same scripts come with every event, and to compare is much faster than to scan. */
const MOST_KNOWN = 4;
const WORTH_KNOWING = 4_096;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_LIST = 0x5d;
const CLOSE_OBJECT = 0x7d;

function omitMembers(json: Buffer, omitted: ReadonlySet<string>, known: Buffer[]): string {
  let kept = "";
  let from = 0;
  for (let at = 0; at < json.length; at += 1) {
    if (json[at] !== QUOTE) continue;
    const end = endOfString(json, at);
    // Cut off in the middle: the parser will say so.
    if (end === -1) break;
    const isMember = json[end + 1] === COLON && isOpening(json[end + 2]);
    if (isMember && omitted.has(json.toString("latin1", at + 1, end))) {
      const begin = end + 3;
      const close = endOfKnown(json, begin, known) ?? endOfValue(json, begin);
      if (close === -1) break;
      if (close - begin >= WORTH_KNOWING) remember(json.subarray(begin, close + 1), known);
      kept += json.toString("utf8", from, begin);
      from = close;
      at = close;
    } else {
      at = end;
    }
  }
  return kept + json.toString("utf8", from);
}

function isOpening(byte: number | undefined): boolean {
  return byte === OPEN_LIST || byte === OPEN_OBJECT;
}

/** Where a value ends that begins with the whole of a known one: its closing bracket is the same. */
function endOfKnown(json: Buffer, from: number, known: readonly Buffer[]): number | undefined {
  for (const value of known) {
    const end = from + value.length;
    if (end <= json.length && json.compare(value, 0, value.length, from, end) === 0) return end - 1;
  }
  return undefined;
}

/** Puts it in front; a copy, because its bytes are not kept. */
function remember(value: Buffer, known: Buffer[]): void {
  const at = known.findIndex((each) => each.equals(value));
  if (at === 0) return;
  known.unshift(...(at > 0 ? known.splice(at, 1) : [Buffer.from(value)]));
  known.splice(MOST_KNOWN);
}

/** The position of the bracket that closes the list or object whose content begins at `from`; -1 if nowhere. */
function endOfValue(json: Buffer, from: number): number {
  let depth = 1;
  for (let at = from; at < json.length; at += 1) {
    switch (json[at]) {
      case QUOTE:
        at = endOfString(json, at);
        if (at === -1) return -1;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth += 1;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        if (depth === 0) return at;
    }
  }
  return -1;
}

/** The closing quote of the string that opens at `quote`; -1 if there is none. */
function endOfString(json: Buffer, quote: number): number {
  for (let at = quote + 1; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  return -1;
}
