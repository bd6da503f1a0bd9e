import { createWriteStream } from "node:fs";
import { storedLine, storedLines, type LogStream } from "./pods/log-lines.ts";

const STREAMS = ["stdout", "stderr"] as const;

/** The log of one container, in the format of `log-lines.ts`. */
export interface ContainerLog {
  readonly path: string;
  /** Whether `end` was called: nothing more will come. */
  readonly ended: boolean;
  /** Returns false when the writer should wait for `drained`. */
  write(stream: LogStream, chunk: Uint8Array): boolean;
  drained(): Promise<void>;
  /** Resolves at the next write or end; for followers. */
  changed(): Promise<void>;
  /** Writes what is unfinished and resolves when everything is in the file. */
  end(): Promise<void>;
}

/** Starts a new log file. */
export function createContainerLog(path: string): ContainerLog {
  const file = createWriteStream(path, { flags: "a", mode: 0o640 });
  // A full disk must not end the cluster; the log then lacks lines.
  file.on("error", () => undefined);
  const unfinished: Record<LogStream, Uint8Array> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  let change = Promise.withResolvers<void>();
  let ended = false;
  const announce = (): void => {
    change.resolve();
    change = Promise.withResolvers<void>();
  };
  return {
    path,
    get ended() {
      return ended;
    },
    write(stream, chunk) {
      const output = Buffer.concat([unfinished[stream], chunk]);
      const { pieces, rest } = storedLines(output, stream, new Date());
      unfinished[stream] = rest;
      return pieces.length === 0 || file.write(Buffer.concat(pieces), announce);
    },
    drained: () => new Promise((resolve) => file.once("drain", resolve).once("close", resolve)),
    changed: () => change.promise,
    async end() {
      for (const stream of STREAMS) {
        const text = unfinished[stream];
        if (text.length > 0) file.write(Buffer.concat(storedLine(text, stream, true, new Date())));
      }
      await new Promise<void>((resolve) => {
        file.once("close", () => resolve());
        file.end();
      });
      ended = true;
      announce();
    },
  };
}
