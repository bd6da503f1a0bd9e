import { once } from "node:events";
import { ServerResponse, type IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { impersonated } from "../access/impersonation.ts";
import { ISSUER } from "../access/service-account-tokens.ts";
import { userOfSubject, type User } from "../access/user.ts";
import type { GoTypes } from "../kinds/types/notation.ts";
import { mediaTypeOf } from "../request/accept.ts";
import { decodeProtobuf, PROTOBUF } from "../request/protobuf.ts";
import type { RequestText } from "../request/request-info.ts";
import { statusResponse } from "../request/response.ts";
import { failure, StatusError } from "../answers/status-error.ts";
import type { Pki } from "../../pki.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { Handler } from "../handler.ts";
import { splitTarget, type ApiResponse, type Sink } from "./request.ts";

const BODY_LIMIT_BYTES = 3 * 1024 * 1024;
const UNSENT_LIMIT_BYTES = 8 * 1024 * 1024;

/** What the server listens on, with which keys, and what answers. */
export interface HttpsOptions {
  host: string;
  port: number;
  pki: Pki;
  handler: Handler;
  /** The types that bodies in protobuf are read with. */
  types: GoTypes;
  tokens: Tokens;
}

/** A server that listens. */
export interface HttpsServer {
  port: number;
  close(): Promise<void>;
}

/** Serves the handler over TLS to clients with a certificate of the CA or a service account's token. */
export async function listenHttps(options: HttpsOptions): Promise<HttpsServer> {
  const server = createServer(
    {
      key: options.pki.serverKey,
      cert: options.pki.serverCertificate,
      ca: options.pki.ca,
      requestCert: true,
      // Who has no certificate may have a token.
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      minVersion: "TLSv1.2",
      handshakeTimeout: 10_000,
      // What asks for another protocol, such as SPDY, is answered as if it had not.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
    },
    (request, response) => void serve(options, request, response),
  );
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 90_000;
  server.on("secureConnection", (socket: TLSSocket) => socket.setKeepAlive(true, 30_000));
  server.on("tlsClientError", (_error, socket: Socket) => socket.destroy());
  server.on("clientError", (_error, socket: Socket) => socket.destroy());
  // The server counts them as connections and does not close them.
  const upgraded = new Set<Socket>();
  server.on("upgrade", (request, socket: Socket, head) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    serveUpgrade(options, request, socket, head);
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      }),
  };
}

/** A request that would take its connection over; one that may not is answered like any other. */
function serveUpgrade(options: HttpsOptions, request: IncomingMessage, socket: Socket, head: Buffer): void {
  socket.on("error", () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.end());
  void serve(options, request, response, ({ upgrade }) => {
    if (upgrade === undefined) return false;
    response.detachSocket(socket);
    void carryChannels(upgrade, request, socket, head);
    return true;
  });
}

/** Gives the connection to what the request asked for. */
async function carryChannels(
  { protocol, channels }: NonNullable<ApiResponse["upgrade"]>,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  // Only now: a cluster is ready sooner without it.
  const { openChannels } = await import("./websocket.ts");
  channels(await openChannels(request, socket, head, protocol));
}

async function serve(
  options: HttpsOptions,
  request: IncomingMessage,
  response: ServerResponse,
  takeOver: (answer: ApiResponse) => boolean = () => false,
): Promise<void> {
  const stop = new AbortController();
  response.on("close", () => stop.abort());
  response.on("error", () => stop.abort());
  try {
    const user = impersonated(authenticate(options, request), request.headers);
    const { method = "GET", url = "/" } = request;
    const content = asJson(options.types, request, await readBody(request));
    const answer = await options.handler({
      method,
      ...splitTarget(url),
      ...content,
      user,
      signal: stop.signal,
    });
    if (!takeOver(answer)) send(response, answer);
  } catch (error) {
    if (error instanceof StatusError) {
      send(response, statusResponse(error));
      request.resume();
    } else response.destroy();
  }
}

/** The user of the connection's certificate or of the request's token; throws 401. */
function authenticate(options: HttpsOptions, request: IncomingMessage): User {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
    const verified = token === undefined ? undefined : options.tokens.verify(token);
    if (verified?.audiences.includes(ISSUER)) return verified.user;
    throw unauthorized();
  }
  const socket = request.socket as TLSSocket;
  // Without a certificate the subject is missing, whatever the types say.
  const user = socket.authorized ? userOfSubject(socket.getPeerCertificate().subject) : undefined;
  if (user === undefined) throw unauthorized();
  return user;
}

function unauthorized(): StatusError {
  return failure(401, "Unauthorized", "Unauthorized");
}

/** A body in protobuf becomes JSON here, so that everything behind it knows one form. */
function asJson(
  types: GoTypes,
  { headers: given }: IncomingMessage,
  bytes: Buffer,
): Pick<RequestText, "headers" | "body"> {
  const headers = given as RequestText["headers"];
  if (bytes.length === 0 || mediaTypeOf(headers["content-type"]) !== PROTOBUF) {
    return { headers, body: bytes.toString("utf8") };
  }
  return {
    headers: { ...headers, "content-type": "application/json" },
    body: decodeProtobuf(types, bytes),
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  // Most requests have none.
  if (length === undefined && encoding === undefined) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let bytes = Number(length ?? 0);
  if (bytes <= BODY_LIMIT_BYTES) {
    bytes = 0;
    // The connection stays, for the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > BODY_LIMIT_BYTES) break;
      chunks.push(chunk as Buffer);
    }
  }
  if (bytes <= BODY_LIMIT_BYTES) return Buffer.concat(chunks);
  throw failure(413, "RequestEntityTooLarge", `Request entity too large: limit is ${BODY_LIMIT_BYTES}`, {});
}

function send(response: ServerResponse, answer: ApiResponse): void {
  const { status, headers, body } = answer;
  if (response.headersSent || response.destroyed) return;
  if (typeof body !== "function") {
    const bytes = Buffer.from(body);
    // A body that was refused unread would otherwise be taken for the next request.
    const connection = status === 413 ? { connection: "close" } : {};
    response.writeHead(status, { ...headers, ...connection, "content-length": bytes.length });
    response.end(bytes);
    return;
  }
  response.writeHead(status, headers);
  response.flushHeaders();
  const sink: Sink = {
    write(chunk) {
      if (response.destroyed || response.writableEnded) return false;
      response.write(chunk);
      if (response.writableLength <= UNSENT_LIMIT_BYTES) return true;
      response.destroy();
      return false;
    },
    end() {
      if (!response.writableEnded) response.end();
    },
  };
  body(sink);
}
