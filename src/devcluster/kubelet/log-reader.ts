import { open, type FileHandle } from "node:fs/promises";
import { shownLines, type LogView } from "./pods/log-lines.ts";
import type { ContainerLog } from "./container-log.ts";

export interface LogQuery extends LogView {
  follow: boolean;
  tailLines?: number;
  limitBytes?: number;
  signal: AbortSignal;
}

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 10;

/** The offset at which the last `lines` lines of the file begin. */
async function tailOffset(file: FileHandle, size: number, lines: number): Promise<number> {
  let end = size;
  let seen = 0;
  const block = Buffer.alloc(BLOCK_BYTES);
  while (end > 0) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      if (block[at] !== NEWLINE) continue;
      // The newline that ends the file belongs to the last line.
      if (seen === lines) return start + at + 1;
      seen += 1;
    }
    end = start;
  }
  return 0;
}

async function changedOrAborted(log: ContainerLog, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  signal.addEventListener("abort", stop, { once: true });
  await Promise.race([log.changed(), promise]);
  signal.removeEventListener("abort", stop);
}

/**
 * A stored log as clients see it. With `follow` and a `live` log, goes on until that log ends or the
 * client goes away. Rejects only when the file cannot be read.
 */
export async function* readLog(
  path: string,
  live: ContainerLog | undefined,
  query: LogQuery,
): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
    let offset =
      query.tailLines === undefined ? 0 : await tailOffset(file, (await file.stat()).size, query.tailLines);
    let rest: Uint8Array = Buffer.alloc(0);
    const block = Buffer.alloc(BLOCK_BYTES);
    for (;;) {
      // Asked for before reading, so that what comes in between is not missed.
      const isLast = !query.follow || live === undefined || live.ended;
      const change = isLast ? undefined : changedOrAborted(live, query.signal);
      const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, offset);
      offset += bytesRead;
      const lines = shownLines(Buffer.concat([rest, block.subarray(0, bytesRead)]), query);
      rest = lines.rest;
      const shown = Buffer.concat(lines.pieces);
      if (shown.length > 0) yield shown.subarray(0, Math.min(left, shown.length));
      left -= shown.length;
      if (left <= 0 || query.signal.aborted) return;
      if (bytesRead > 0) continue;
      if (isLast) return;
      await change;
    }
  } finally {
    await file.close();
  }
}

/** The end of a log, for termination messages: at most `lines` lines and `bytes` bytes. */
export async function logTail(path: string, lines: number, bytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  const query = { follow: false, timestamps: false, tailLines: lines, signal: new AbortController().signal };
  for await (const chunk of readLog(path, undefined, query)) chunks.push(chunk);
  const text = Buffer.concat(chunks);
  return text.subarray(Math.max(0, text.length - bytes)).toString();
}
