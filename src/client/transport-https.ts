import { setMaxListeners } from "node:events";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { createSecureContext } from "node:tls";
import { bodyOf, type HttpRequest, type HttpResponse, type Transport } from "./transport.ts";

/** What proves who we are, asked for before every request so that it can rotate. */
export interface Authority {
  headers?: Record<string, string>;
  /** A client certificate that belongs to this request, PEM. */
  certificate?: { cert: string; key: string };
  /** An agent that must carry the request, e.g. one that goes through a proxy. */
  agent?: HttpAgent;
}

export interface HttpsTransportOptions {
  /** `https://host:port`, optionally with a path prefix; `http://` for a local proxy. */
  server: string;
  /** PEM of the authorities that may have signed the server's certificate; default: the system's. */
  ca?: string;
  certificate?: { cert: string; key: string };
  insecureSkipTlsVerify?: boolean;
  tlsServerName?: string;
  /** Called for each request; its headers win over the request's own. */
  authority?: () => Authority | Promise<Authority>;
  userAgent?: string;
  /** Open connections at most; more requests wait for a free one. */
  maxSockets?: number;
  /** No answer, or no further byte of a body read as text, for so long: the request has failed. */
  requestTimeoutMs?: number;
  /** A connection that has carried nothing for so long is closed. */
  idleTimeoutMs?: number;
}

export interface ClosableTransport extends Transport {
  /** Closes every connection; requests under way fail. */
  close(): void;
}

const tcpKeepAliveMs = 30_000;

/**
 * A transport over HTTP/1.1 connections that are kept and reused. Rejects with the socket's or
 * TLS's own error where no answer came. A GET that met a connection which the server had just
 * closed is sent once more.
 */
export function createHttpsTransport(options: HttpsTransportOptions): ClosableTransport {
  const server = parseServer(options.server);
  const timeoutMs = options.requestTimeoutMs ?? 60_000;
  const agents = createAgents(options, server.secure);
  const context: SendContext = { ...server, userAgent: options.userAgent ?? "agent-operator", timeoutMs };
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    const authority = options.authority === undefined ? undefined : await options.authority();
    const agent = authority?.agent ?? agents.for(authority?.certificate);
    try {
      return await exchange(context, request, agent, authority?.headers);
    } catch (error) {
      if (request.method !== "GET" || !(error instanceof StaleConnectionError)) throw unwrapped(error);
    }
    return exchange(context, request, agent, authority?.headers).catch((error: unknown) => {
      throw unwrapped(error);
    });
  };
  return Object.assign(send, { close: agents.close });
}

interface SendContext {
  secure: boolean;
  hostname: string;
  port: number;
  prefix: string;
  userAgent: string;
  timeoutMs: number;
}

/** A kept connection that the server closed before it answered anything. */
class StaleConnectionError extends Error {
  override readonly name = "StaleConnectionError";
}

function unwrapped(error: unknown): unknown {
  return error instanceof StaleConnectionError ? error.cause : error;
}

function parseServer(server: string): Pick<SendContext, "secure" | "hostname" | "port" | "prefix"> {
  const url = URL.parse(server);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new Error(
      `API server address "${server}" is no https:// or http:// URL; correct it in the kubeconfig`,
    );
  const secure = url.protocol === "https:";
  return {
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    prefix: url.pathname.replace(/\/$/, ""),
  };
}

/**
 * Every connection of an agent goes to one server under one identity: none needs a name of its own, which usually
 * holds every certificate, and all share what TLS needs to know, sessions to resume included.
 */
class HttpsPool extends HttpsAgent {
  override getName(): string {
    return "server";
  }
}

function createAgents(options: HttpsTransportOptions, secure: boolean) {
  const common = {
    keepAlive: true,
    keepAliveMsecs: tcpKeepAliveMs,
    // That of idle connections, of which a burst leaves dozens; a request brings its own.
    timeout: options.idleTimeoutMs ?? 5_000,
    maxSockets: options.maxSockets ?? 256,
    scheduling: "lifo" as const,
  };
  const create = (certificate: { cert: string; key: string } | undefined): HttpAgent =>
    secure
      ? new HttpsPool({
          ...common,
          secureContext: createSecureContext({
            ...(options.ca !== undefined && { ca: options.ca }),
            ...certificate,
          }),
          ...(options.tlsServerName !== undefined && { servername: options.tlsServerName }),
          rejectUnauthorized: options.insecureSkipTlsVerify !== true,
        })
      : new HttpAgent(common);
  const own = create(options.certificate);
  let rotating: { cert: string; key: string; agent: HttpAgent } | undefined;
  return {
    for(certificate: { cert: string; key: string } | undefined): HttpAgent {
      if (certificate === undefined) return own;
      const { cert, key } = certificate;
      if (rotating?.cert !== cert || rotating.key !== key) {
        // Requests under way keep their connection; only idle ones go with the old certificate.
        for (const socket of Object.values(rotating?.agent.freeSockets ?? {}).flat()) socket?.destroy();
        rotating = { cert, key, agent: create(certificate) };
      }
      return rotating.agent;
    },
    close(): void {
      own.destroy();
      rotating?.agent.destroy();
    },
  };
}

function requestOptions(
  context: SendContext,
  request: HttpRequest,
  body: string | undefined,
  agent: HttpAgent,
  authorityHeaders: Record<string, string> | undefined,
): RequestOptions {
  const headers: Record<string, string | number> = {
    "user-agent": context.userAgent,
    ...request.headers,
    ...authorityHeaders,
  };
  if (body !== undefined) headers["content-length"] = Buffer.byteLength(body);
  return {
    method: request.method,
    hostname: context.hostname,
    port: context.port,
    path: context.prefix + request.path,
    headers,
    agent,
    timeout: context.timeoutMs,
  };
}

function exchange(
  context: SendContext,
  request: HttpRequest,
  agent: HttpAgent,
  authorityHeaders: Record<string, string> | undefined,
): Promise<HttpResponse> {
  const { signal } = request;
  if (signal?.aborted) return Promise.reject(abortedError(signal));
  if (signal !== undefined) {
    // One signal stops a whole program here: dozens of requests share it, and that is no leak.
    setMaxListeners(0, signal);
  }
  return new Promise((resolve, reject) => {
    const body = bodyOf(request);
    const options = requestOptions(context, request, body, agent, authorityHeaders);
    const sent = context.secure ? httpsRequest(options) : httpRequest(options);
    let response: IncomingMessage | undefined;
    const fail = (error: Error): void => void (response ?? sent).destroy(error);
    const abort = (): void => {
      if (signal !== undefined) fail(abortedError(signal));
    };
    signal?.addEventListener("abort", abort);
    sent.on("timeout", () => fail(timeoutError(context, request)));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(stale ? new StaleConnectionError(error.message, { cause: error }) : error);
    });
    sent.on("close", () => signal?.removeEventListener("abort", abort));
    sent.on("response", (answer) => {
      response = answer;
      resolve(httpResponse(sent, answer));
    });
    sent.end(body);
  });
}

function abortedError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("the request was given up");
}

function timeoutError(context: SendContext, request: HttpRequest): Error {
  return new Error(
    `${context.hostname}:${context.port} sent nothing for ${context.timeoutMs} ms (${request.method} ${request.path})`,
  );
}

function httpResponse(sent: ClientRequest, response: IncomingMessage): HttpResponse {
  // The connection may break before anyone reads; the reader then finds the error, and until then it is nobody's.
  response.on("error", () => undefined);
  return {
    status: response.statusCode ?? 0,
    get headers() {
      return headersOf(response);
    },
    text: async () => (await readBytes(response)).toString("utf8"),
    bytes: () => readBytes(response),
    chunks() {
      // A watch may rightly be silent; who reads it has a limit of its own.
      sent.setTimeout(0);
      return response;
    },
  };
}

function headersOf(response: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

function readBytes(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (response.errored !== null) {
      reject(response.errored);
      return;
    }
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      const [only] = chunks;
      resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks));
    });
    response.on("error", reject);
  });
}
