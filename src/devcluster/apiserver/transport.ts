import { Readable } from "node:stream";
import { bodyOf, type Transport } from "../../client/transport.ts";
import type { User } from "./access/user.ts";
import type { Handler } from "./handler.ts";
import { splitTarget, type Sink } from "./http/request.ts";

const MAXIMUM_QUEUED_BYTES = 16 * 1024 * 1024;

/** A connection to the server inside the same process: no socket, the same answers. */
export function createTransport(handler: Handler, user: User): Transport {
  return async (request) => {
    const given = request.signal;
    given?.throwIfAborted();
    const stop = new AbortController();
    const { status, headers, body } = await handler({
      method: request.method,
      ...splitTarget(request.path),
      headers: Object.fromEntries(
        Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      body: bodyOf(request) ?? "",
      user,
      signal: given === undefined ? stop.signal : AbortSignal.any([given, stop.signal]),
    });
    given?.throwIfAborted();
    if (typeof body === "string") {
      const bytes = async (): Promise<Buffer> => Buffer.from(body);
      return {
        status,
        headers,
        text: async () => body,
        bytes,
        chunks: () => Readable.from([Buffer.from(body)]),
      };
    }
    const stream = new Readable({ read: () => undefined, ...(given && { signal: given }) });
    stream.on("close", () => stop.abort());
    // It may break before anyone reads; the reader then finds the error, and until then it is nobody's.
    stream.on("error", () => undefined);
    body(sinkOf(stream));
    const bytes = async (): Promise<Buffer> => Buffer.concat(await stream.toArray());
    const text = async (): Promise<string> => (await bytes()).toString("utf8");
    return { status, headers, text, bytes, chunks: () => stream };
  };
}

/** Writes into a stream whose reader may be slow: not without bound. */
function sinkOf(stream: Readable): Sink {
  let isOpen = true;
  stream.on("close", () => (isOpen = false));
  return {
    write(chunk) {
      if (isOpen) stream.push(chunk);
      if (isOpen && stream.readableLength > MAXIMUM_QUEUED_BYTES) {
        isOpen = false;
        stream.destroy(new Error("the connection was closed: its reader did not keep up"));
      }
      return isOpen;
    },
    end() {
      if (isOpen) stream.push(null);
      isOpen = false;
    },
  };
}
