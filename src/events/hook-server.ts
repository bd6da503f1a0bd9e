import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { limitConnections } from "../runtime/connection-limit.ts";
import { listening, type BindAddress, type Listener } from "../runtime/health.ts";
import type { Log } from "../runtime/log.ts";
import { createHookBodies } from "./hook-bodies.ts";
import { hasSignature } from "./signature.ts";

/** A request to a trigger's path, its body as it was sent. Nothing of it is trusted yet. */
export interface HookRequest {
  /** `namespace/name` */
  key: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What a request is answered with. */
export interface HookAnswer {
  status: number;
  /** Becomes JSON. */
  body: object;
}

/** The answer to a wrong signature and to a trigger that does not exist: nobody learns which triggers there are. */
export const UNAUTHORIZED: HookAnswer = {
  status: 401,
  body: { message: "there is no trigger here that this request is signed for" },
};

export const MAX_BODY_BYTES = 1024 * 1024;
/** Of all requests together, whoever sends them. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
const MAX_CONNECTIONS = 512;
/** GitHub gives a delivery ten seconds. */
const REQUEST_MS = 10_000;
const HEADERS_MS = 5_000;
const CHECK_MS = 1_000;
const IDLE_MS = 60_000;
const PATH = /^\/hooks\/([a-z0-9-]{1,63})\/([a-z0-9-]{1,63})$/;

/** Serves `/hooks/<namespace>/<name>` over plain HTTP. Rejects if it cannot listen. */
export async function listenHooks(
  address: BindAddress,
  receive: (request: HookRequest) => Promise<HookAnswer>,
  { refused, log }: { refused: (reason: "Unauthorized" | "TooLarge" | "Dropped") => void; log: Log },
): Promise<Listener> {
  const bodies = createHookBodies({ most: MAX_BODY_BYTES, mostOfAll: MAX_HELD_BYTES });
  const busy = new WeakSet<Socket>();
  const server = createServer({ connectionsCheckingInterval: CHECK_MS }, (request, response) => {
    // No sender has to send requests behind each other without waiting for answers; hundreds at once would keep others out.
    const { socket } = request;
    if (busy.has(socket)) return void socket.destroy();
    busy.add(socket);
    response.once("close", () => busy.delete(socket));
    const answer = async (): Promise<void> => {
      const [path = ""] = (request.url ?? "").split("?");
      const [, namespace, name] = PATH.exec(path) ?? [];
      if (namespace === undefined || name === undefined)
        return end(response, { status: 404, body: { message: "there is /hooks/<namespace>/<name>" } }, true);
      if (request.method !== "POST")
        return end(response, { status: 405, body: { message: "only POST is served here" } }, true);
      if (!hasSignature(request.headers)) {
        refused("Unauthorized");
        return end(response, UNAUTHORIZED, true);
      }
      const body = await bodies.read(request);
      if (body === "tooLarge") {
        refused("TooLarge");
        return end(response, { status: 413, body: { message: `more than ${MAX_BODY_BYTES} bytes` } }, true);
      }
      if (body === "dropped") {
        refused("Dropped");
        return end(response, { status: 503, body: { message: "too much at a time; send it again" } }, true);
      }
      const answered = await receive({ key: `${namespace}/${name}`, headers: request.headers, body });
      // Nobody without a secret sends several requests on one connection, one behind the other: they would keep others out.
      end(response, answered, answered === UNAUTHORIZED);
    };
    answer().catch((error: unknown) => {
      // A connection that breaks in the middle of a body is its sender's affair.
      if (request.complete) log.error({ error }, "a delivery could not be taken");
      if (response.headersSent || !request.complete) response.destroy();
      else end(response, { status: 503, body: { message: "it could not be taken; send it again" } });
    });
  });
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = HEADERS_MS;
  // The two above count from the first byte of a request; this ends a connection that never sends one.
  server.timeout = 2 * REQUEST_MS;
  server.keepAliveTimeout = IDLE_MS;
  server.maxHeadersCount = 100;
  server.maxRequestsPerSocket = 100;
  limitConnections(server, MAX_CONNECTIONS);
  return {
    port: await listening(server, address),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), REQUEST_MS).unref();
      }),
  };
}

/** `isLast`: what was not read of the request must not be taken for the next one. */
function end(response: ServerResponse, { status, body }: HookAnswer, isLast = false): void {
  const connection = isLast ? { connection: "close" } : {};
  response.writeHead(status, {
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    ...connection,
  });
  response.end(`${JSON.stringify(body)}\n`);
}
