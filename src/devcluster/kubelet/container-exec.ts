import type { ChildProcess } from "node:child_process";
import { Writable, type Readable } from "node:stream";

/** How a command ended that was run beside a container's own; its output may be cut. */
export interface ExecResult {
  exitCode: number;
  output: string;
}

/** Runs a command in the container. Resolves to undefined when the container ends first. */
export type Exec = (command: readonly string[], timeoutMs: number) => Promise<ExecResult | undefined>;

/** The exit code of a command that took too long. */
export const TIMED_OUT = 137;
const OUTPUT_BYTES = 1000;
/** What `timeout` gets to end a command before it is given up. */
const LATE_MS = 1000;

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Runs `command` in the background of the shell that reads it, and answers `ID OUTPUT`, a line with the code, NUL. */
function scriptOf(id: number, command: readonly string[], timeoutMs: number): string {
  const limit = `timeout -s KILL ${Math.max(1, Math.ceil(timeoutMs / 1000))}`;
  return `( limit=; command -v timeout >/dev/null && limit='${limit}'
  out=$({ $limit ${command.map(quoted).join(" ")} 2>&1 </dev/null; printf '\\n%s' "$?"; } | tail -c ${OUTPUT_BYTES})
  printf '%s %s\\0' ${id} "$out" ) &
`;
}

/** For a container that was started with the descriptors 4 and 5, on which start-command.sh takes commands and answers. */
export function createExec(child: ChildProcess): Exec {
  const waiting = new Map<number, (result: ExecResult | undefined) => void>();
  const [, , , , commands, answers] = child.stdio as readonly (Readable | Writable | null | undefined)[];
  let text = "";
  let last = 0;
  answers?.on("data", (chunk: Buffer) => {
    const parts = (text + chunk.toString()).split("\0");
    text = parts.pop() ?? "";
    for (const answer of parts) {
      const [, id, output = "", exitCode] = /^(\d+) ([^]*)\n(\d+)$/.exec(answer) ?? [];
      waiting.get(Number(id))?.({ exitCode: Number(exitCode), output });
      waiting.delete(Number(id));
    }
  });
  let hasEnded = false;
  child.once("exit", () => {
    hasEnded = true;
    for (const resolve of waiting.values()) resolve(undefined);
    waiting.clear();
  });
  // The container may end at any moment; its end wakes whoever waits.
  commands?.on("error", () => undefined);
  return (command, timeoutMs) => {
    if (!(commands instanceof Writable) || hasEnded) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<ExecResult | undefined>();
    waiting.set((last += 1), resolve);
    commands.write(scriptOf(last, command, timeoutMs));
    const late = () => resolve({ exitCode: TIMED_OUT, output: "" });
    const timer = setTimeout(late, Math.min(timeoutMs + LATE_MS, 2 ** 31 - 1));
    return promise.finally(() => clearTimeout(timer));
  };
}
