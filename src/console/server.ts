import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Transport } from "../client/transport.ts";
import { readApiRequest, readArtifactsPath } from "./api-paths.ts";
import type { Asset } from "./assets.ts";
import { createCodeGate, createTokenGate, type CodeGate, type Gate } from "./gate.ts";

/** Above what an API server stores as one object. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
const [HEADERS_LIMIT_MS, REQUEST_LIMIT_MS] = [10_000, 30_000];
/** A browser has six; what is read from a claim is held in memory. */
const [MAX_CONNECTIONS, MAX_ARTIFACTS_AT_ONCE] = [1024, 2];

/** For every answer. Nothing of the page comes from elsewhere, nothing inline runs, no text becomes HTML. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
};

/** A file that a run has left. */
export interface Artifact {
  text: string;
  /** Whether this is only its beginning. */
  isCut: boolean;
}

/** A kind of file that a run leaves. */
export type ArtifactName = "patch" | "log";

export interface ConsoleOptions {
  /** To the API server. */
  transport: Transport;
  assets: ReadonlyMap<string, Asset>;
  /** What the page shows about where it is. */
  session: { context: string; namespace: string; server: string };
  /** Reads a file that a run has left on its claim, with the credential of whoever asks. */
  fetchArtifact: (
    transport: Transport,
    at: { namespace: string; name: string },
    file: ArtifactName,
    signal: AbortSignal,
  ) => Promise<Artifact>;
  /** Why something failed, in words for people. */
  describeError: (error: unknown) => string;
}

export interface Console extends AsyncDisposable {
  /** Without the code. */
  readonly origin: string;
  /** What the user opens; its code is behind the #, which no browser sends to a server. */
  readonly address: string;
}

/**
 * Serves the console on 127.0.0.1 for one browser, with the credential of the transport; port 0 takes a free one.
 * Rejects if the port is taken.
 */
export async function startConsole(
  options: ConsoleOptions & { port: number; now: () => number },
): Promise<Console> {
  const gates: CodeGate[] = [];
  const served = await serve(options, { host: "127.0.0.1", port: options.port }, (port) => {
    const gate = createCodeGate(port, options.now);
    gates.push(gate);
    return gate;
  });
  const origin = `http://127.0.0.1:${served.port}`;
  return { ...served, origin, address: `${origin}/#code=${gates[0]?.code}` };
}

/**
 * Serves the console to many, each with their own token for the API server; the transport has none. `origins`: where a
 * proxy in front serves it. Rejects if the port is taken.
 */
export function startSharedConsole(
  options: ConsoleOptions & { host: string | undefined; port: number; origins: readonly string[] },
): Promise<AsyncDisposable & { readonly port: number }> {
  return serve(options, options, () => createTokenGate(options.origins));
}

async function serve(
  options: ConsoleOptions,
  { host, port }: { host: string | undefined; port: number },
  gateFor: (port: number) => Gate,
): Promise<AsyncDisposable & { readonly port: number }> {
  const stop = new AbortController();
  let gate: Gate | undefined;
  const places = { free: MAX_ARTIFACTS_AT_ONCE };
  const server = createServer((request, response) => {
    if (gate) void answer(request, response, { ...options, gate, places }, stop.signal);
    else response.destroy();
  });
  server.headersTimeout = HEADERS_LIMIT_MS;
  server.requestTimeout = REQUEST_LIMIT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ port, ...(host === undefined ? {} : { host }) });
  await once(server, "listening");
  const taken = (server.address() as AddressInfo).port;
  gate = gateFor(taken);
  return {
    port: taken,
    async [Symbol.asyncDispose]() {
      stop.abort();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Serving extends ConsoleOptions {
  gate: Gate;
  /** Of reads of claims. */
  places: { free: number };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  serving: Serving,
  stop: AbortSignal,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const signal = AbortSignal.any([stop, gone.signal]);
  try {
    await route(request, response, serving, signal);
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else if (error instanceof Refusal) sendError(response, error.code, error.message, error.reason);
    else sendError(response, 502, serving.describeError(error));
  }
}

class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;
  readonly reason: string | undefined;
  constructor(code: number, message: string, reason?: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  serving: Serving,
  signal: AbortSignal,
): Promise<void> {
  const { gate, assets, session } = serving;
  const refusal = gate.refusal(request);
  if (refusal !== undefined) throw new Refusal(403, refusal);
  const { method = "", url = "" } = request;
  if (method === "GET") {
    const asset = assets.get(url === "/" ? "/index.html" : url);
    if (asset) return void response.writeHead(200, { "content-type": asset.contentType }).end(asset.body);
  }
  if (method === "POST" && url === "/session" && isCodeGate(gate))
    return signIn(request, response, gate, session);
  const credential = gate.credentialOf(request);
  if (credential === undefined) throw new Refusal(401, gate.remedy, gate.by);
  const transport: Transport = (asked) =>
    serving.transport({ ...asked, headers: { ...asked.headers, ...credential } });
  if (method === "GET" && url === "/session") return sendJson(response, { ...session, signIn: gate.by });
  if (url.startsWith("/k8s/")) return passOn(request, response, transport, signal);
  const [, file, at] = /^\/artifacts\/(patch|log)(\/.*)$/.exec(url) ?? [];
  const run = at === undefined ? undefined : readArtifactsPath(at);
  if (method !== "POST" || run === undefined) throw new Refusal(404, "the console has nothing there");
  if (serving.places.free === 0) throw new Refusal(429, "other claims are being read: try again soon");
  serving.places.free -= 1;
  try {
    sendJson(response, await serving.fetchArtifact(transport, run, file as ArtifactName, signal));
  } finally {
    serving.places.free += 1;
  }
}

function isCodeGate(gate: Gate): gate is CodeGate {
  return gate.by === "code";
}

async function signIn(
  request: IncomingMessage,
  response: ServerResponse,
  gate: CodeGate,
  session: ConsoleOptions["session"],
): Promise<void> {
  const given = gate.signIn(await readBody(request, 1024));
  if (given === undefined)
    throw new Refusal(
      401,
      "this code was used already or is too old: start `agent-operator console` again",
      gate.by,
    );
  response.setHeader("set-cookie", given.cookie);
  sendJson(response, { key: given.key, session: { ...session, signIn: gate.by } });
}

/** An answer of the API server goes on as it arrives, and no faster than the browser reads it. */
async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  transport: Transport,
  signal: AbortSignal,
): Promise<void> {
  const asked = readApiRequest(request.method ?? "", (request.url ?? "").slice("/k8s".length));
  if (asked === undefined) throw new Refusal(404, "the console has no use for this path");
  const { method, path, contentType } = asked;
  const body = contentType === undefined ? undefined : await readBody(request, MAX_BODY_BYTES);
  const answered = await transport({
    method,
    path,
    headers: {
      accept: "application/json, */*;q=0.1",
      ...(contentType === undefined ? {} : { "content-type": contentType }),
    },
    ...(body === undefined ? {} : { body }),
    signal,
  });
  const isText = /\/log(?:\?|$)/.test(path) && answered.status === 200;
  response.writeHead(answered.status, {
    "content-type": isText ? "text/plain; charset=utf-8" : "application/json; charset=utf-8",
  });
  response.flushHeaders();
  for await (const chunk of answered.chunks()) {
    if (!response.write(chunk)) await once(response, "drain", { signal });
  }
  response.end();
}

async function readBody(request: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new Refusal(413, `the request is larger than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(value));
}

/** In the form in which an API server answers too, so that the page reads one. */
function sendError(response: ServerResponse, code: number, message: string, reason?: string): void {
  response
    .writeHead(code, { "content-type": "application/json; charset=utf-8", connection: "close" })
    .end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, message, reason }));
}
