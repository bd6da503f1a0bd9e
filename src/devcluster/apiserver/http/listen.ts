import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { impersonated } from "../../../kube/access/impersonation.ts";
import { ISSUER } from "../../../kube/access/service-account-tokens.ts";
import type { User } from "../../../kube/access/user.ts";
import type { GoTypes } from "../../../kube/kinds/types/notation.ts";
import { mediaTypeOf } from "../../../kube/request/accept.ts";
import { decodeProtobuf, PROTOBUF } from "../../../kube/request/protobuf.ts";
import { failure, StatusError } from "../../../kube/status-error.ts";
import type { Tokens } from "../auth/tokens.ts";
import { statusResponse, type Handler } from "../handler.ts";
import type { ApiResponse, Sink } from "./request.ts";

const BODY_LIMIT_BYTES = 3 * 1024 * 1024;
const UNSENT_LIMIT_BYTES = 8 * 1024 * 1024;

/** What the server listens on, with which keys (PEM), and what answers. */
export interface HttpsOptions {
  host: string;
  port: number;
  key: string;
  certificate: string;
  ca: string;
  handler: Handler;
  /** The types that bodies in protobuf are read with. */
  types: GoTypes;
  tokens: Tokens;
  now(): Date;
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
      key: options.key,
      cert: options.certificate,
      ca: options.ca,
      requestCert: true,
      // Who has no certificate may have a token.
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      minVersion: "TLSv1.2",
      handshakeTimeout: 10_000,
    },
    (request, response) => void serve(options, request, response),
  );
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 90_000;
  server.on("secureConnection", (socket: TLSSocket) => socket.setKeepAlive(true, 30_000));
  server.on("tlsClientError", (_error, socket: Socket) => socket.destroy());
  server.on("clientError", (_error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function serve(
  options: HttpsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const stop = new AbortController();
  response.on("close", () => stop.abort());
  response.on("error", () => stop.abort());
  try {
    const user = impersonated(authenticate(options, request), request.headers);
    const body = asJson(options.types, request.headers["content-type"], await readBody(request));
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const answer = await options.handler({
      method: request.method ?? "GET",
      path: mark < 0 ? url : url.slice(0, mark),
      query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
      headers: { ...(request.headers as Record<string, string | undefined>), ...body.headers },
      body: body.text,
      user,
      signal: stop.signal,
    });
    send(response, answer);
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
    const verified = token === undefined ? undefined : options.tokens.verify(token, options.now());
    if (verified?.audiences.includes(ISSUER)) return verified.user;
    throw unauthorized();
  }
  const socket = request.socket as TLSSocket;
  if (!socket.authorized) throw unauthorized();
  // Without a certificate the subject is missing, whatever the types say.
  const subject = socket.getPeerCertificate().subject as
    | { CN?: string | string[]; O?: string | string[] }
    | undefined;
  const name = [subject?.CN ?? []].flat()[0];
  if (name === undefined) throw unauthorized();
  return { name, groups: [...[subject?.O ?? []].flat(), "system:authenticated"] };
}

function unauthorized(): StatusError {
  return failure(401, "Unauthorized", "Unauthorized");
}

/** A body in protobuf becomes JSON here, so that everything behind it knows one form. */
function asJson(
  types: GoTypes,
  contentType: string | undefined,
  body: Buffer,
): { text: string; headers: Record<string, string> } {
  if (body.length === 0 || mediaTypeOf(contentType) !== PROTOBUF) {
    return { text: body.toString("utf8"), headers: {} };
  }
  return { text: decodeProtobuf(types, body), headers: { "content-type": "application/json" } };
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = () =>
      reject(
        failure(413, "RequestEntityTooLarge", `Request entity too large: limit is ${BODY_LIMIT_BYTES}`, {}),
      );
    if (Number(request.headers["content-length"] ?? 0) > BODY_LIMIT_BYTES) return tooLarge();
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_LIMIT_BYTES) {
        chunks.length = 0;
        tooLarge();
      } else chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("aborted", () => reject(new Error("the client went away")));
  });
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
