const NEWLINE = 0x0a;
/** Far above what a server stores as one object; only a stream that is no watch reaches it. */
const LONGEST_LINE = 64 * 1024 * 1024;
/** What is kept from line to line; a longer one gets its own memory. */
const LONGEST_KEPT = 256 * 1024;

/** Cuts a stream of bytes into lines; a character or a line split over chunks is put together again. */
export interface LineSplitter {
  /** The lines that this chunk completes, without their newline. Throws on a line above 64 MiB. */
  push(chunk: Uint8Array): string[];
}

/** `read` makes text of a line; the bytes that it is given are valid only meanwhile. */
export function createLineSplitter(
  read: (line: Buffer) => string = (line) => line.toString("utf8"),
): LineSplitter {
  let pending = Buffer.alloc(0);
  let used = 0;
  const add = (bytes: Buffer): void => {
    if (used + bytes.length > LONGEST_LINE) throw new Error(`a line of more than ${LONGEST_LINE} bytes`);
    if (used + bytes.length > pending.length) {
      const larger = Buffer.allocUnsafe(2 ** Math.ceil(Math.log2(used + bytes.length)));
      pending.copy(larger, 0, 0, used);
      pending = larger;
    }
    used += bytes.copy(pending, used);
  };
  const take = (): Buffer => {
    const line = pending.subarray(0, used);
    used = 0;
    if (pending.length > LONGEST_KEPT) pending = Buffer.alloc(0);
    return line;
  };
  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const lines: string[] = [];
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        const rest = bytes.subarray(start, end);
        if (used > 0) add(rest);
        lines.push(read(used > 0 ? take() : rest));
        start = end + 1;
      }
      if (start < bytes.length) add(bytes.subarray(start));
      return lines;
    },
  };
}
