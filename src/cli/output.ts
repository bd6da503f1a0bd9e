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

/** The sequences of these codes, and no other. */
const STYLED = new RegExp(`(\\u001B\\[(?:${Object.values(CODES).flat().join("|")})m)`);

/**
 * Where a command writes: lines on standard output, remarks and errors on standard error. What lines hold may come
 * from anyone: but for styles, nothing in them is obeyed by a terminal.
 */
export interface Output {
  readonly line: (text?: string) => void;
  /** Exactly this text in a file or pipe, no newline added. */
  readonly write: (text: string) => void;
  /** Exactly these bytes in a file or pipe. */
  readonly writeBytes: (bytes: Uint8Array) => void;
  readonly error: (text: string) => void;
  /** Whether people read standard output. */
  readonly isTerminal: boolean;
  /** The text in this style, or unchanged if standard output shows no colours. */
  readonly style: (style: Style, text: string) => string;
}

/** Colours only on a terminal and without NO_COLOR (https://no-color.org). `printable` takes out what is obeyed. */
export function createOutput(
  stdout: Writable & { isTTY?: boolean },
  stderr: Writable,
  options: { noColor: boolean },
  printable: (text: string) => string = String,
): Output {
  const coloured = stdout.isTTY === true && !options.noColor;
  const decoder = new TextDecoder();
  const shown = (text: string): string =>
    coloured
      ? text
          .split(STYLED)
          .map((part, index) => (index % 2 === 1 ? part : printable(part)))
          .join("")
      : printable(text);
  return {
    line: (text = "") => void stdout.write(`${shown(text)}\n`),
    write: (text) => void stdout.write(stdout.isTTY === true ? shown(text) : text),
    writeBytes: (bytes) =>
      void stdout.write(stdout.isTTY === true ? shown(decoder.decode(bytes, { stream: true })) : bytes),
    isTerminal: stdout.isTTY === true,
    error: (text) => void stderr.write(`${printable(text)}\n`),
    style: (style, text) => {
      const [open, close] = CODES[style];
      return coloured ? `\u001B[${open}m${text}\u001B[${close}m` : text;
    },
  };
}
