import type { HttpRequest, HttpResponse, Transport } from "../../client/transport.ts";
import type { User } from "../../kube/access/user.ts";
import type { Handler } from "./handler.ts";
import type { Sink } from "./http/request.ts";

const MAXIMUM_QUEUED_BYTES = 16 * 1024 * 1024;

/** A connection to the server inside the same process: no socket, the same answers. */
export function createTransport(handler: Handler, user: User): Transport {
  return async (request) => {
    request.signal?.throwIfAborted();
    const stop = new AbortController();
    const signal =
      request.signal === undefined ? stop.signal : AbortSignal.any([request.signal, stop.signal]);
    const response = await handler({ ...splitPath(request), user, signal });
    request.signal?.throwIfAborted();
    const { status, headers, body } = response;
    if (typeof body !== "function") return wholeResponse(status, headers, body);
    const queue = createQueue(request.signal, () => stop.abort());
    body(queue.sink);
    return {
      status,
      headers,
      chunks: () => queue.chunks(),
      async text() {
        const chunks: Uint8Array[] = [];
        for await (const chunk of queue.chunks()) chunks.push(chunk);
        return Buffer.concat(chunks).toString("utf8");
      },
    };
  };
}

function splitPath(request: HttpRequest) {
  const mark = request.path.indexOf("?");
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    method: request.method,
    path: mark < 0 ? request.path : request.path.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : request.path.slice(mark + 1)),
    headers,
    body: request.body ?? "",
  };
}

function wholeResponse(status: number, headers: Record<string, string>, body: string | Buffer): HttpResponse {
  return {
    status,
    headers,
    text: async () => body.toString(),
    async *chunks() {
      yield Buffer.from(body);
    },
  };
}

/** Chunks between a writer that does not wait and a reader that may be slow. */
function createQueue(
  signal: AbortSignal | undefined,
  stop: () => void,
): { sink: Sink; chunks(): AsyncIterable<Uint8Array> } {
  let queued: Uint8Array[] = [];
  let queuedBytes = 0;
  let ended = false;
  let overflowed = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  signal?.addEventListener("abort", notify, { once: true });
  const sink: Sink = {
    write(chunk) {
      if (ended) return false;
      queued.push(chunk);
      queuedBytes += chunk.length;
      if (queuedBytes > MAXIMUM_QUEUED_BYTES) {
        overflowed = true;
        queued = [];
        ended = true;
      }
      notify();
      return !ended;
    },
    end() {
      ended = true;
      notify();
    },
  };
  async function* chunks(): AsyncIterable<Uint8Array> {
    try {
      for (;;) {
        signal?.throwIfAborted();
        const batch = queued;
        queued = [];
        queuedBytes = 0;
        yield* batch;
        if (overflowed) throw new Error("the connection was closed: its reader did not keep up");
        if (queued.length > 0) continue;
        if (ended) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      ended = true;
      stop();
    }
  }
  return { sink, chunks };
}
