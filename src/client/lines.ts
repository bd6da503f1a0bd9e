const newline = 0x0a;
/** Far above what a server stores as one object; only a stream that is no watch reaches it. */
const longestLine = 64 * 1024 * 1024;

/** Cuts a stream of bytes into lines; a character or a line split over chunks is put together again. */
export interface LineSplitter {
  /** The lines that this chunk completes, without their newline. Throws on a line above 64 MiB. */
  push(chunk: Uint8Array): string[];
}

export function createLineSplitter(): LineSplitter {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  return {
    push(chunk) {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
        const rest = chunk.subarray(start, end);
        lines.push(decode(pendingBytes === 0 ? rest : Buffer.concat([...pending, rest])));
        pending = [];
        pendingBytes = 0;
        start = end + 1;
      }
      if (start < chunk.length) {
        pending.push(chunk.subarray(start));
        pendingBytes += chunk.length - start;
        if (pendingBytes > longestLine) throw new Error(`a line of more than ${longestLine} bytes`);
      }
      return lines;
    },
  };
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
