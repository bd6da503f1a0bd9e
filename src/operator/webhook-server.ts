import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { isObject, type JsonObject } from "../kube/json.ts";
import { limitConnections } from "../runtime/connection-limit.ts";
import { listening, type BindAddress, type Listener } from "../runtime/health.ts";
import type { Log } from "../runtime/log.ts";
import { WEBHOOK_PATH } from "./webhook-names.ts";

/** The `request` of an AdmissionReview of admission.k8s.io/v1. */
export interface AdmissionRequest {
  uid: string;
  kind: { group: string; kind: string };
  operation: string;
  namespace: string;
  object: JsonObject | undefined;
  oldObject: JsonObject | undefined;
}

export interface WebhookServer extends Listener {
  /** From the next connection on. Throws if the two are no PEM or do not belong together. */
  useCertificate(pem: { cert: string; key: string }): void;
}

/** An API server takes no larger objects, and sends at most two of them. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** What the webhook's configuration gives it too. */
const TIMEOUT_MS = 2_000;
const IDLE_MS = 60_000;
const MAX_CONNECTIONS = 256;
const API_VERSION = "admission.k8s.io/v1";

/**
 * Answers AdmissionReviews over HTTPS with what `review` warns of; every write is allowed, also if
 * `review` throws. Until there is a certificate no connection succeeds. Rejects if it cannot listen.
 */
export async function listenWebhooks(
  address: BindAddress,
  review: (request: AdmissionRequest) => readonly string[],
  log: Log,
): Promise<WebhookServer> {
  const options = { handshakeTimeout: TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_MS / 2 };
  const server = createServer(options, (request, response) => {
    answer(request, response, review, log).catch(() => response.destroy());
  });
  server.requestTimeout = TIMEOUT_MS;
  server.headersTimeout = TIMEOUT_MS;
  // The two above count from the first byte of a request; this ends a connection that never sends one.
  server.timeout = 2 * TIMEOUT_MS;
  server.keepAliveTimeout = IDLE_MS;
  limitConnections(server, MAX_CONNECTIONS);
  return {
    port: await listening(server, address),
    useCertificate: (pem) => server.setSecureContext(pem),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  review: (request: AdmissionRequest) => readonly string[],
  log: Log,
): Promise<void> {
  const [path] = (request.url ?? "").split("?");
  if (path !== WEBHOOK_PATH) return end(response, 404, `not found; there is ${WEBHOOK_PATH}\n`);
  if (request.method !== "POST") return end(response, 405, "only POST is served here\n");
  const body = await readBody(request);
  if (body === undefined) return end(response, 413, `more than ${MAX_BODY_BYTES} bytes\n`);
  const asked = parseRequest(body);
  if (asked === undefined) return end(response, 400, `expected an AdmissionReview of ${API_VERSION}\n`);
  const warnings = warningsOf(asked, review, log);
  const verdict = { uid: asked.uid, allowed: true, ...(warnings.length > 0 && { warnings }) };
  const answered = { apiVersion: API_VERSION, kind: "AdmissionReview", response: verdict };
  end(response, 200, JSON.stringify(answered), "application/json");
}

function warningsOf(
  request: AdmissionRequest,
  review: (request: AdmissionRequest) => readonly string[],
  log: Log,
): readonly string[] {
  try {
    return review(request);
  } catch (error) {
    const { kind, namespace } = request;
    log.error({ kind: kind.kind, namespace, error }, "a write could not be reviewed; it is allowed");
    return [];
  }
}

/** Undefined if it is too large; the rest of it is not read then. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseRequest(body: string): AdmissionRequest | undefined {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(review) || review["apiVersion"] !== API_VERSION || !isObject(review["request"]))
    return undefined;
  const { uid, kind, operation, namespace, object, oldObject } = review["request"];
  if (typeof uid !== "string" || !isObject(kind)) return undefined;
  return {
    uid,
    kind: { group: String(kind["group"]), kind: String(kind["kind"]) },
    operation: String(operation),
    namespace: typeof namespace === "string" ? namespace : "",
    object: isObject(object) ? object : undefined,
    oldObject: isObject(oldObject) ? oldObject : undefined,
  };
}

function end(response: ServerResponse, status: number, body: string, contentType = "text/plain"): void {
  // What was not read must not be taken for the next request.
  const connection = status === 413 ? { connection: "close" } : {};
  response.writeHead(status, { "content-type": contentType, ...connection });
  response.end(body);
}
