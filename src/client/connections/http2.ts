import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { TLSSocket } from "node:tls";
import { bodyOf, type HttpRequest, type HttpResponse } from "../transport.ts";
import { ConnectionLostError, noConnectionError, onAbort, timeoutError } from "./connections.ts";
import type { Endpoint, RequestHeaders } from "./connections.ts";
import { httpResponse, readBytes } from "./response.ts";

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;
/** What the server may send before it is read: of one answer, and of all together. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;
const SESSION_MEMORY_MIB = 256;
/** A connection on which something was given up has so long to show that it is alive. */
const PING_LIMIT_MS = 2_000;

/** One connection that carries many requests at a time. */
export class Http2Connection {
  readonly #endpoint: Endpoint;
  readonly #session: ClientHttp2Session;
  #requests = 0;
  #limit = 0;
  #idle: NodeJS.Timeout | undefined;
  #isChecking = false;

  /** `socket` has agreed on HTTP/2. */
  constructor(endpoint: Endpoint, socket: TLSSocket) {
    this.#endpoint = endpoint;
    const host = endpoint.hostname.includes(":") ? `[${endpoint.hostname}]` : endpoint.hostname;
    this.#session = connectHttp2(`https://${host}:${endpoint.port}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxSessionMemory: SESSION_MEMORY_MIB,
    });
    this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.#session.on("remoteSettings", ({ maxConcurrentStreams }) => {
      this.#limit = Math.max(maxConcurrentStreams ?? Infinity, 1);
    });
  }

  /** Resolves when the server has said how many requests it takes; `ended` is called when it is gone. */
  open(limitMs: number, ended: () => void): Promise<void> {
    const { hostname, port } = this.#endpoint;
    let failure = new Error(`${hostname}:${port} closed the connection`);
    const limit = setTimeout(
      () => this.#session.destroy(noConnectionError(this.#endpoint, limitMs)),
      limitMs,
    );
    return new Promise((resolve, reject) => {
      this.#session.once("remoteSettings", () => {
        clearTimeout(limit);
        resolve();
      });
      // Every request under way ends as well.
      this.#session.on("error", (error) => (failure = error));
      this.#session.on("close", () => {
        clearTimeout(limit);
        ended();
        reject(failure);
      });
    });
  }

  hasRoom(): boolean {
    return !this.#session.closed && !this.#session.destroyed && this.#requests < this.#limit;
  }

  exchange(request: HttpRequest, headers: RequestHeaders): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      let givenUp: Error | undefined;
      let isAnswered = false;
      const giveUp = (error: Error): void => {
        givenUp = error;
        stream.close(NGHTTP2_CANCEL);
        stream.destroy(error);
        this.#checkThatItLives();
      };
      const settled = onAbort(request.signal, giveUp);
      const stream = this.#send(request, headers);
      stream.setTimeout(this.#endpoint.timeoutMs, () => giveUp(timeoutError(this.#endpoint, request)));
      stream.on("response", (answer) => {
        isAnswered = true;
        resolve(answerOf(stream, answer));
      });
      stream.on("error", (error) => {
        if (!isAnswered) reject(givenUp ?? lost(stream, error));
      });
      stream.on("close", () => {
        settled();
        this.#release();
        if (!isAnswered) reject(lost(stream, brokenOff(stream) ?? new Error("it ended without an answer")));
      });
    });
  }

  /** Takes no further request, and ends with the last one. */
  retire(): void {
    this.#session.close();
  }

  close(): void {
    this.#session.destroy(new Error("the connection was closed"), NGHTTP2_CANCEL);
  }

  #send(request: HttpRequest, headers: RequestHeaders): ClientHttp2Stream {
    const body = bodyOf(request);
    const stream = this.#session.request(
      {
        ":method": request.method,
        ":path": this.#endpoint.prefix + request.path,
        ...headers,
        ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
      },
      { endStream: body === undefined },
    );
    clearTimeout(this.#idle);
    if (this.#requests === 0) this.#session.ref();
    this.#requests += 1;
    if (body !== undefined) stream.end(body);
    return stream;
  }

  #release(): void {
    this.#requests -= 1;
    if (this.#requests > 0 || this.#session.destroyed) return;
    this.#session.unref();
    this.#idle = setTimeout(() => this.#session.close(), this.#endpoint.idleTimeoutMs).unref();
  }

  /** Of a network that has silently gone away, all requests would otherwise wait for their own timeouts. */
  #checkThatItLives(): void {
    if (this.#isChecking || this.#session.closed || this.#session.destroyed) return;
    this.#isChecking = true;
    const { hostname, port } = this.#endpoint;
    const dead = setTimeout(
      () => this.#session.destroy(new Error(`the connection to ${hostname}:${port} is dead`)),
      PING_LIMIT_MS,
    ).unref();
    this.#session.ping(() => {
      this.#isChecking = false;
      clearTimeout(dead);
    });
  }
}

function lost(stream: ClientHttp2Stream, error: Error): ConnectionLostError {
  return new ConnectionLostError(error, stream.rstCode !== NGHTTP2_REFUSED_STREAM);
}

/** Why what has come is not all; undefined if it is. With its connection a stream ends as if nothing were missing. */
function brokenOff(stream: ClientHttp2Stream): Error | undefined {
  if (stream.rstCode === NGHTTP2_NO_ERROR) return undefined;
  return new Error("the connection was aborted");
}

function answerOf(
  stream: ClientHttp2Stream,
  answer: IncomingHttpHeaders & { ":status"?: number },
): HttpResponse {
  return httpResponse(answer[":status"], answer, {
    bytes: () => readBytes(stream, () => brokenOff(stream)),
    chunks() {
      // A watch may rightly be silent; who reads it has its own limit.
      stream.setTimeout(0);
      return chunksOf(stream);
    },
  });
}

async function* chunksOf(stream: ClientHttp2Stream): AsyncGenerator<Uint8Array> {
  if (!stream.destroyed) yield* stream;
  const error = stream.errored ?? brokenOff(stream);
  if (error !== undefined) throw error;
}
