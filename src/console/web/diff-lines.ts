import { printable } from "../../kube/printable.ts";
import type { Token } from "./language.ts";
import type { PatchLine } from "./patch.ts";

/** A line of a diff as it is drawn. */
export interface DrawnLine extends PatchLine {
  tokens?: readonly Token[];
}

/** A row of two columns; a side that has nothing there is absent. */
export interface Pair {
  left?: DrawnLine;
  right?: DrawnLine;
}

/** Grammars are made for what people write: much more, or one endless line, gets no colours. */
const [MAX_COLOURED, MAX_COLOURED_LINE] = [60_000, 2000];

/** The lines as plain ones: whatever a line holds, it stays one. */
export function plainLines(lines: readonly PatchLine[]): DrawnLine[] {
  return lines.map((line) => ({
    ...line,
    text: printable(line.text.replace(/\r$/, "")).replaceAll("\n", "\u{fffd}"),
  }));
}

/** The lines with tokens, each hunk and each side of it read by itself; unchanged if they are too much for that. */
export function colouredLines(
  lines: readonly DrawnLine[],
  tokensOf: (text: string) => Token[][],
): readonly DrawnLine[] {
  const size = lines.reduce((sum, { text }) => sum + text.length, 0);
  if (size > MAX_COLOURED || lines.some(({ text }) => text.length > MAX_COLOURED_LINE)) return lines;
  const coloured: DrawnLine[] = [...lines];
  for (const side of ["removed", "added"] as const) {
    let indexes: number[] = [];
    const colour = (): void => {
      const tokens = tokensOf(indexes.map((index) => lines[index]?.text ?? "").join("\n"));
      for (const [at, index] of indexes.entries()) {
        const line = lines[index];
        const own = tokens[at];
        if (line && own) coloured[index] = { ...line, tokens: own };
      }
      indexes = [];
    };
    for (const [index, { kind }] of lines.entries()) {
      if (kind === "hunk" || kind === "note") colour();
      else if (kind === "same" || kind === side) indexes.push(index);
    }
    colour();
  }
  return coloured;
}

/** What was removed beside what was added in its place. */
export function pairsOf(lines: readonly DrawnLine[]): Pair[] {
  const pairs: Pair[] = [];
  let removed: DrawnLine[] = [];
  let added: DrawnLine[] = [];
  const flush = (): void => {
    for (let row = 0; row < Math.max(removed.length, added.length); row++) {
      const [left, right] = [removed[row], added[row]];
      pairs.push({ ...(left && { left }), ...(right && { right }) });
    }
    [removed, added] = [[], []];
  };
  for (const line of lines) {
    if (line.kind === "removed" && added.length > 0) flush();
    if (line.kind === "removed") removed.push(line);
    else if (line.kind === "added") added.push(line);
    else {
      flush();
      pairs.push({ left: line, right: line });
    }
  }
  flush();
  return pairs;
}
