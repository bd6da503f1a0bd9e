import type { Writable } from "node:stream";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const CODES: Record<Style, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Where a command writes: lines on standard output, remarks and errors on standard error. */
export interface Output {
  readonly line: (text?: string) => void;
  /** Exactly this text, no newline added. */
  readonly write: (text: string) => void;
  /** Exactly these bytes. */
  readonly writeBytes: (bytes: Uint8Array) => void;
  readonly error: (text: string) => void;
  /** Whether people read standard output. */
  readonly isTerminal: boolean;
  /** The text in this style, or unchanged where standard output shows no colours. */
  readonly style: (style: Style, text: string) => string;
}

/** Colours only on a terminal and without NO_COLOR (https://no-color.org). */
export function createOutput(
  stdout: Writable & { isTTY?: boolean },
  stderr: Writable,
  options: { noColor: boolean },
): Output {
  const coloured = stdout.isTTY === true && !options.noColor;
  return {
    line: (text = "") => void stdout.write(`${text}\n`),
    write: (text) => void stdout.write(text),
    writeBytes: (bytes) => void stdout.write(bytes),
    isTerminal: stdout.isTTY === true,
    error: (text) => void stderr.write(`${text}\n`),
    style: (style, text) => {
      const [open, close] = CODES[style];
      return coloured ? `\u001B[${open}m${text}\u001B[${close}m` : text;
    },
  };
}
