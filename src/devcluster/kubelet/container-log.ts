import { createWriteStream } from "node:fs";

/** Lines longer than this are cut into partial ones, as container runtimes do. */
const LONGEST_LINE_BYTES = 16 * 1024;
const NEWLINE = 10;

/** The log of one container: time stamp, stream, `F` or `P` (partial), text. */
export interface ContainerLog {
  readonly path: string;
  /** Whether `end` was called: nothing more will come. */
  readonly ended: boolean;
  /** Returns false when the writer should wait for `drained`. */
  write(stream: "stdout" | "stderr", chunk: Buffer): boolean;
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
  const unfinished: Record<"stdout" | "stderr", Buffer> = {
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
  };
  let change = Promise.withResolvers<void>();
  let ended = false;
  const announce = (): void => {
    change.resolve();
    change = Promise.withResolvers<void>();
  };

  const split = (stream: "stdout" | "stderr", chunk: Buffer): Buffer[] => {
    const stamp = new Date().toISOString().replace("Z", "000000Z");
    const data = unfinished[stream].length === 0 ? chunk : Buffer.concat([unfinished[stream], chunk]);
    const parts: Buffer[] = [];
    let at = 0;
    for (;;) {
      const newline = data.indexOf(NEWLINE, at);
      const isWhole = newline >= 0 && newline - at <= LONGEST_LINE_BYTES;
      if (!isWhole && data.length - at <= LONGEST_LINE_BYTES) break;
      const end = isWhole ? newline : at + LONGEST_LINE_BYTES;
      parts.push(
        Buffer.from(`${stamp} ${stream} ${isWhole ? "F" : "P"} `),
        data.subarray(at, end),
        Buffer.from("\n"),
      );
      at = isWhole ? end + 1 : end;
    }
    unfinished[stream] = data.subarray(at);
    return parts;
  };

  return {
    path,
    get ended() {
      return ended;
    },
    write(stream, chunk) {
      const parts = split(stream, chunk);
      if (parts.length === 0) return true;
      return file.write(Buffer.concat(parts), announce);
    },
    drained: () => new Promise((resolve) => file.once("drain", resolve).once("close", resolve)),
    changed: () => change.promise,
    async end() {
      for (const stream of ["stdout", "stderr"] as const) {
        if (unfinished[stream].length === 0) continue;
        const stamp = new Date().toISOString().replace("Z", "000000Z");
        file.write(
          Buffer.concat([Buffer.from(`${stamp} ${stream} F `), unfinished[stream], Buffer.from("\n")]),
        );
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
