import { once } from "node:events";
import { isIP } from "node:net";
import { setImmediate } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { HttpRequest, HttpResponse } from "../transport.ts";
import { CONNECT_LIMIT_MS, noConnectionError, onAbort, TCP_KEEP_ALIVE_MS } from "./connections.ts";
import type { Connections, Endpoint, RequestHeaders } from "./connections.ts";
import { createHttp1Connections, HttpsPool, type TlsOptions } from "./http1.ts";
import { Http2Connection } from "./http2.ts";

/**
 * As few connections as carry all requests at a time, over HTTP/2; once the server has chosen HTTP/1.1, everything
 * goes over a pool of such.
 */
export class SecureConnections implements Connections {
  readonly #endpoint: Endpoint;
  readonly #tls: TlsOptions;
  readonly #pool: HttpsPool;
  readonly #http1: Connections;
  readonly #open = new Set<Http2Connection>();
  #connecting: Promise<void> | undefined;
  #speaksHttp2 = true;
  /** Raised by `close`: a connection that is being made belongs to the time before it. */
  #closings = 0;

  constructor(endpoint: Endpoint, tls: TlsOptions, maxSockets: number) {
    this.#endpoint = endpoint;
    this.#tls = tls;
    this.#pool = new HttpsPool(endpoint, maxSockets, tls);
    this.#http1 = createHttp1Connections(endpoint, this.#pool, true);
  }

  async exchange(request: HttpRequest, headers: RequestHeaders): Promise<HttpResponse> {
    while (this.#speaksHttp2) {
      for (const connection of this.#open) {
        if (connection.hasRoom()) return connection.exchange(request, headers);
      }
      this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
      await unlessAborted(this.#connecting, request.signal);
    }
    return this.#http1.exchange(request, headers);
  }

  retire(): void {
    for (const connection of this.#open) connection.retire();
    this.#http1.retire();
  }

  close(): void {
    this.#closings += 1;
    for (const connection of this.#open) connection.close();
    this.#http1.close();
  }

  async #connect(): Promise<void> {
    const closings = this.#closings;
    const limitMs = Math.min(CONNECT_LIMIT_MS, this.#endpoint.timeoutMs);
    const socket = await connectSocket(this.#endpoint, this.#tls, limitMs);
    if (closings !== this.#closings) {
      socket.destroy();
      throw new Error("the request was given up");
    }
    if (socket.alpnProtocol !== "h2") {
      this.#pool.adopt(socket);
      this.#speaksHttp2 = false;
      return;
    }
    const connection = new Http2Connection(this.#endpoint, socket);
    this.#open.add(connection);
    await connection.open(limitMs, () => this.#open.delete(connection));
  }
}

async function connectSocket(endpoint: Endpoint, tls: TlsOptions, limitMs: number): Promise<TLSSocket> {
  const { hostname, port } = endpoint;
  const socket = connectTls({
    ...(endpoint.tunnel === undefined
      ? { host: hostname, port }
      : { socket: await endpoint.tunnel(endpoint, limitMs) }),
    ...(isIP(hostname) === 0 && { servername: hostname }),
    ...tls,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  socket.setNoDelay(true);
  socket.setTimeout(limitMs, () => socket.destroy(noConnectionError(endpoint, limitMs)));
  let failure: Error | undefined;
  socket.on("error", (error) => (failure = error));
  await once(socket, "secureConnect");
  socket.setTimeout(0);
  // Node's HTTP/2 never learns of a reset that meets the last bytes of the handshake; in the next turn they are out.
  await setImmediate();
  if (socket.destroyed) throw failure ?? new Error(`${hostname}:${port} closed the connection`);
  return socket;
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const settled = onAbort(signal, reject);
    void promise.then(resolve, reject).finally(settled);
  });
}
