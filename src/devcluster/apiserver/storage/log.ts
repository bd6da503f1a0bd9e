import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/**
 * The durable, append-only file behind the store. A record is an 8-byte header (length and CRC-32 of
 * the payload, little endian) and a JSON payload. A torn tail, which a crash can leave, is cut when
 * the file is opened; what `append` has resolved for is never lost.
 */
export interface StateLog {
  /** Resolves when the payload is on the disk. Calls made while one is being written share its sync. */
  append(payload: string): Promise<void>;
  /** Ends after what was appended is on the disk. */
  close(): Promise<void>;
}

const HEADER_BYTES = 8;
/** A log below this size is never rewritten. */
const COMPACT_ABOVE_BYTES = 16 * 1024 * 1024;
/** How many records of a snapshot are in memory twice. */
const RECORDS_IN_CHUNK = 500;
const FILE = "state.log";

/** Reads the records of `dataDir`, giving each payload to `replay`, and opens the file for appending.
 * `snapshot` lists the payloads that describe the whole present state; it is called when the file has
 * grown to twice what it needs. */
export async function openStateLog(
  dataDir: string,
  replay: (payload: string) => void,
  snapshot: () => string[],
  compactAboveBytes: number = COMPACT_ABOVE_BYTES,
): Promise<StateLog> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, FILE);
  await rm(`${path}.new`, { force: true });
  const handle = await open(path, "a+", 0o600);
  const validBytes = replayRecords(await handle.readFile(), replay);
  await handle.truncate(validBytes);
  await handle.datasync();
  await syncDirectory(dataDir);
  return createAppender(dataDir, { handle, bytes: validBytes }, snapshot, compactAboveBytes);
}

function replayRecords(bytes: Buffer, replay: (payload: string) => void): number {
  let offset = 0;
  while (offset + HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(offset);
    const end = offset + HEADER_BYTES + length;
    if (length === 0 || end > bytes.length) break;
    const payload = bytes.subarray(offset + HEADER_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32LE(offset + 4)) break;
    replay(payload.toString("utf8"));
    offset = end;
  }
  return offset;
}

function encodeRecord(payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const record = Buffer.allocUnsafe(HEADER_BYTES + length);
  record.write(payload, HEADER_BYTES, "utf8");
  record.writeUInt32LE(length, 0);
  record.writeUInt32LE(crc32(record.subarray(HEADER_BYTES)), 4);
  return record;
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, "r");
  await directory.sync();
}

function createAppender(
  dataDir: string,
  file: { handle: FileHandle; bytes: number },
  snapshot: () => string[],
  compactAboveBytes: number,
): StateLog {
  let { handle } = file;
  let writtenBytes = file.bytes;
  let compactAtBytes = Math.max(compactAboveBytes, file.bytes * 2);
  let pending: { record: Buffer; settled: PromiseWithResolvers<void> }[] = [];
  let committing: Promise<void> | undefined;
  let broken: unknown;

  const writeSnapshot = async (): Promise<void> => {
    const path = join(dataDir, FILE);
    const fresh = await open(`${path}.new`, "w", 0o600);
    const payloads = snapshot();
    let bytes = 0;
    for (let from = 0; from < payloads.length; from += RECORDS_IN_CHUNK) {
      const chunk = Buffer.concat(payloads.slice(from, from + RECORDS_IN_CHUNK).map(encodeRecord));
      await fresh.appendFile(chunk);
      bytes += chunk.length;
    }
    await fresh.datasync();
    await rename(`${path}.new`, path);
    await syncDirectory(dataDir);
    const old = handle;
    handle = fresh;
    writtenBytes = bytes;
    compactAtBytes = Math.max(compactAboveBytes, bytes * 2);
    await old.close();
  };

  const commit = async (): Promise<void> => {
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      try {
        if (broken !== undefined) throw broken;
        // The snapshot is of the present state, which the batch is already part of.
        if (writtenBytes > compactAtBytes) await writeSnapshot();
        else {
          const bytes = Buffer.concat(batch.map(({ record }) => record));
          await handle.appendFile(bytes);
          await handle.datasync();
          writtenBytes += bytes.length;
        }
        for (const { settled } of batch) settled.resolve();
      } catch (error) {
        // What is on the disk is unknown now: nothing may be acknowledged any more.
        broken = error;
        for (const { settled } of batch) settled.reject(error);
      }
    }
    committing = undefined;
  };

  return {
    append(payload) {
      const settled = Promise.withResolvers<void>();
      pending.push({ record: encodeRecord(payload), settled });
      // A turn of the loop later, so that requests read in the same turn share one sync.
      committing ??= Promise.resolve().then(commit);
      return settled.promise;
    },
    async close() {
      await committing;
      await handle.close();
    },
  };
}
