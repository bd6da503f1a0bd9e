import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureContext, type TLSSocket } from "node:tls";
import { bodyOf, type HttpRequest, type HttpResponse } from "../transport.ts";
import {
  ConnectionLostError,
  CONNECT_LIMIT_MS,
  onAbort,
  TCP_KEEP_ALIVE_MS,
  timeoutError,
} from "./connections.ts";
import type { Connections, Endpoint, RequestHeaders } from "./connections.ts";
import { httpResponse, readBytes } from "./response.ts";

/** What TLS needs to know. */
export interface TlsOptions {
  secureContext: SecureContext;
  servername?: string;
  rejectUnauthorized: boolean;
}

/**
 * Every connection of an agent goes to one server under one identity: none needs its own name, which usually
 * holds every certificate, and all share what TLS needs to know, sessions to resume included.
 */
export class HttpsPool extends HttpsAgent {
  readonly #endpoint: Endpoint;
  readonly #tls: TlsOptions;
  #spare: TLSSocket | undefined;

  constructor(endpoint: Endpoint, maxSockets: number, tls: TlsOptions) {
    super({ ...poolOptions(endpoint, maxSockets), ...tls });
    this.#endpoint = endpoint;
    this.#tls = tls;
  }

  override getName(): string {
    return "server";
  }

  /** Takes an open connection, for the next request. */
  adopt(socket: TLSSocket): void {
    this.#spare = socket;
  }

  override createConnection(...asked: Parameters<HttpsAgent["createConnection"]>) {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined && !spare.destroyed) return spare;
    if (this.#endpoint.tunnel === undefined) return super.createConnection(...asked);
    const { hostname } = this.#endpoint;
    const name = isIP(hostname) === 0 ? { servername: hostname } : {};
    return connectLater(this.#endpoint, asked[1], (socket) => connectTls({ socket, ...name, ...this.#tls }));
  }

  override destroy(): void {
    this.#spare?.destroy();
    super.destroy();
  }
}

/** An agent without TLS whose connections are kept and reused. */
export function createPlainPool(endpoint: Endpoint, maxSockets: number): HttpAgent {
  const agent = new HttpAgent(poolOptions(endpoint, maxSockets));
  if (endpoint.tunnel !== undefined)
    agent.createConnection = (_options, ready) => connectLater(endpoint, ready, (socket) => socket);
  return agent;
}

/** An agent takes a connection that is not there yet by a callback. */
function connectLater(
  endpoint: Endpoint,
  ready: Parameters<HttpAgent["createConnection"]>[1],
  use: (socket: Socket) => Socket,
): undefined {
  void endpoint.tunnel?.(endpoint, Math.min(CONNECT_LIMIT_MS, endpoint.timeoutMs)).then(
    (socket) => ready?.(null, use(socket)),
    // Only an error says that there is no connection; the types want one nevertheless.
    (error: Error) => (ready as ((error: Error) => void) | undefined)?.(error),
  );
}

function poolOptions({ idleTimeoutMs }: Endpoint, maxSockets: number) {
  return {
    keepAlive: true,
    keepAliveMsecs: TCP_KEEP_ALIVE_MS,
    // That of idle connections, of which a burst leaves dozens; a request brings its own.
    timeout: idleTimeoutMs,
    maxSockets,
    scheduling: "lifo" as const,
  };
}

/** One request at a time on each connection of the agent. */
export function createHttp1Connections(endpoint: Endpoint, agent: HttpAgent, secure: boolean): Connections {
  return {
    exchange: (request, headers) =>
      exchange(endpoint, secure ? httpsRequest : httpRequest, agent, request, headers),
    retire() {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    },
    close: () => agent.destroy(),
  };
}

function exchange(
  endpoint: Endpoint,
  open: typeof httpsRequest,
  agent: HttpAgent,
  request: HttpRequest,
  headers: RequestHeaders,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined;
    const fail = (error: Error): void => void (response ?? sent).destroy(error);
    const settled = onAbort(request.signal, fail);
    const body = bodyOf(request);
    const sent = open({
      method: request.method,
      hostname: endpoint.hostname,
      port: endpoint.port,
      path: endpoint.prefix + request.path,
      headers: body === undefined ? headers : { ...headers, "content-length": Buffer.byteLength(body) },
      agent,
      timeout: endpoint.timeoutMs,
    });
    sent.on("timeout", () => fail(timeoutError(endpoint, request)));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const isStale = sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(isStale ? new ConnectionLostError(error, true) : error);
    });
    sent.on("close", settled);
    sent.on("response", (answer) => {
      response = answer;
      resolve(answerOf(sent, answer));
    });
    sent.end(body);
  });
}

function answerOf(sent: ClientRequest, response: IncomingMessage): HttpResponse {
  // The connection may break before anyone reads; the reader then finds the error, and until then it is nobody's.
  response.on("error", () => undefined);
  return httpResponse(response.statusCode, response.headers, {
    bytes: () => readBytes(response),
    chunks() {
      // A watch may rightly be silent; who reads it has its own limit.
      sent.setTimeout(0);
      return response;
    },
  });
}
