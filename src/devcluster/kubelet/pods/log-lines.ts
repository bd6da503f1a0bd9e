/**
 * Container logs as runtimes keep them: time stamp, stream, `F` (full) or `P` (partial), text. Source: the
 * log format of the Container Runtime Interface.
 */
export type LogStream = "stdout" | "stderr";

/** Lines longer than this are cut into partial ones, as container runtimes do. */
const LONGEST_LINE_BYTES = 16 * 1024;
const NEWLINE = 10;
const SPACE = 32;
const PARTIAL = 0x50;

/** Pieces of a log in their order, and what follows the end of the last line. */
export interface LogPieces {
  pieces: Uint8Array[];
  rest: Uint8Array;
}

/** What a stream's output adds to the log at `now`; `rest` belongs before its next output. */
export function storedLines(output: Uint8Array, stream: LogStream, now: Date): LogPieces {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    const newline = output.indexOf(NEWLINE, at);
    const isWhole = newline >= 0 && newline - at <= LONGEST_LINE_BYTES;
    if (!isWhole && output.length - at <= LONGEST_LINE_BYTES) break;
    const end = isWhole ? newline : at + LONGEST_LINE_BYTES;
    pieces.push(...storedLine(output.subarray(at, end), stream, isWhole, now));
    at = isWhole ? end + 1 : end;
  }
  return { pieces, rest: output.subarray(at) };
}

/** One line of the log. */
export function storedLine(text: Uint8Array, stream: LogStream, isWhole: boolean, now: Date): Uint8Array[] {
  const stamp = now.toISOString().replace("Z", "000000Z");
  const head = new TextEncoder().encode(`${stamp} ${stream} ${isWhole ? "F" : "P"} `);
  return [head, text, Uint8Array.of(NEWLINE)];
}

/** How much of a log is asked for. */
export interface LogView {
  timestamps: boolean;
  /** Only lines written at or after this time, in milliseconds since 1970. */
  sinceMs?: number;
}

/** What a client sees of stored lines; `rest` is the beginning of a line that is not whole yet. */
export function shownLines(stored: Uint8Array, view: LogView): LogPieces {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let end = stored.indexOf(NEWLINE); end >= 0; end = stored.indexOf(NEWLINE, at)) {
    // With its newline, which a partial line does not show.
    pieces.push(...shownLine(stored.subarray(at, end + 1), view));
    at = end + 1;
  }
  return { pieces, rest: stored.subarray(at) };
}

function shownLine(line: Uint8Array, { timestamps, sinceMs }: LogView): Uint8Array[] {
  const stampEnd = line.indexOf(SPACE);
  const streamEnd = line.indexOf(SPACE, stampEnd + 1);
  const tagEnd = line.indexOf(SPACE, streamEnd + 1);
  if (stampEnd < 0 || streamEnd < 0 || tagEnd < 0) return [];
  const stamp = line.subarray(0, stampEnd);
  if (sinceMs !== undefined && Date.parse(new TextDecoder().decode(stamp)) < sinceMs) return [];
  const isPartial = line[streamEnd + 1] === PARTIAL;
  const text = line.subarray(tagEnd + 1, isPartial ? line.length - 1 : line.length);
  return timestamps ? [stamp, Uint8Array.of(SPACE), text] : [text];
}
