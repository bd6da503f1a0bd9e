import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { HttpsTransportOptions } from "../../src/client/transport-https.ts";
import { loadPki } from "../../src/devcluster/pki.ts";

/** A request as the script saw it. */
export interface SeenRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** `HTTP/2` comes with TLS. */
export type Protocol = "HTTP/1.1" | "HTTP/2";

export interface ScriptedServer {
  url: string;
  /** What a transport needs to reach it. */
  options: HttpsTransportOptions;
  seen: SeenRequest[];
  /** Connections accepted so far. */
  connections(): number;
  /** Those of them that are open. */
  openConnections(): number;
  /** Ends every connection that carries no request at the moment, and in HTTP/2 the others when they carry none. */
  closeIdle(): void;
  /** Breaks every connection. */
  cut(): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ScriptedServerOptions {
  protocol?: Protocol;
  /** Requests that one connection of HTTP/2 may carry at a time. */
  maxConcurrentStreams?: number;
}

/** A server on loopback that answers each request as the test's script says; for faults of the network. */
export async function startScriptedServer(
  answer: Answer,
  options: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  let connections = 0;
  const open = new Set<Socket>();
  const { server, ca, closeIdle } =
    options.protocol === "HTTP/2" ? await createHttp2(options) : createHttp1();
  server.on("request", async (request: IncomingMessage, response: ServerResponse) => {
    const told = await readRequest(request);
    seen.push(told);
    await answer(told, response);
  });
  server.on("connection", (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  const close = async (): Promise<void> => {
    server.close();
    cut();
    if (server.listening) await once(server, "close");
  };
  const scheme = ca === undefined ? "http" : "https";
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    options: { server: url, ...(ca !== undefined && { ca }) },
    seen,
    connections: () => connections,
    openConnections: () => open.size,
    closeIdle,
    cut,
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Created {
  server: Server;
  ca?: string;
  closeIdle(): void;
}

function createHttp1(): Created {
  const server = createServer();
  return { server, closeIdle: () => server.closeIdleConnections() };
}

async function createHttp2({ maxConcurrentStreams = 100 }: ScriptedServerOptions): Promise<Created> {
  const { ca, serverKey: key, serverCertificate: cert } = await loadPki(undefined, new Date());
  const server = createSecureServer({ key, cert, settings: { maxConcurrentStreams } });
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  for (const event of ["sessionError", "tlsClientError"]) server.on(event, () => undefined);
  return {
    server,
    ca,
    closeIdle() {
      for (const session of sessions) session.close();
    },
  };
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const url = new URL(request.url ?? "/", "http://localhost");
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(parts).toString("utf8"),
  };
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** A failure as an API server reports it. */
export function failureStatus(code: number, reason: string, message: string, details?: object): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    details,
    code,
  };
}
