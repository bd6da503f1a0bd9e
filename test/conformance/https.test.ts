import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { parse } from "yaml";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { createApiServer, type ApiServer, type Listening } from "../../src/devcluster/apiserver/server.ts";

let dataDir: string;
let server: ApiServer;
let listening: Listening;
/** How far the server's clock is ahead. */
let aheadMs = 0;
before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "https-"));
  server = await createApiServer({ dataDir, now: () => new Date(Date.now() + aheadMs) });
  listening = await server.listen();
});
after(async () => {
  await server.close();
  await rm(dataDir, { recursive: true });
});

interface Call {
  method?: string;
  body?: string;
  token?: string;
  certificate?: boolean;
}

function credentials(): { cert: string; key: string } {
  const config = parse(listening.adminKubeconfig) as {
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const user = config.users[0]?.user;
  const decode = (text = "") => Buffer.from(text, "base64").toString("utf8");
  return { cert: decode(user?.["client-certificate-data"]), key: decode(user?.["client-key-data"]) };
}

async function call(path: string, { method = "GET", body, token, certificate = false }: Call = {}) {
  const request = httpsRequest(new URL(path, listening.url), {
    method,
    ca: listening.ca,
    agent: false,
    ...(certificate ? credentials() : {}),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
  });
  // A refused body is not read to its end.
  request.on("error", () => undefined);
  request.end(body);
  const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return { status: response.statusCode, text };
}

test("only the authority's own clients and tokens are answered", async () => {
  assert.equal((await call("/api/v1/namespaces")).status, 401);
  assert.equal((await call("/api/v1/namespaces", { token: "nonsense" })).status, 401);
  assert.equal((await call("/api/v1/namespaces", { certificate: true })).status, 200);
});

test("a service account's token is answered with the account's rights, until the account goes", async () => {
  const accounts = "/api/v1/namespaces/default/serviceaccounts";
  const post = (path: string, body: unknown) =>
    call(path, { certificate: true, method: "POST", body: JSON.stringify(body) });
  assert.equal((await post(accounts, { metadata: { name: "reader" } })).status, 201);
  const issued = await post(`${accounts}/reader/token`, { spec: {} });
  const { token } = (JSON.parse(issued.text) as { status: { token: string } }).status;
  const secrets = "/api/v1/namespaces/default/secrets";
  const refused = await call(secrets, { token });
  assert.equal(refused.status, 403);
  assert.match(refused.text, /system:serviceaccount:default:reader\\" cannot list resource \\"secrets\\"/);
  assert.equal((await call("/version", { token })).status, 200);
  await call(`${accounts}/reader`, { certificate: true, method: "DELETE" });
  // A kube-apiserver trusts what it has found about a token for ten seconds.
  assert.equal((await call("/version", { token })).status, 200);
  aheadMs += 11_000;
  assert.equal((await call("/version", { token })).status, 401);
  assert.equal((await post(accounts, { metadata: { name: "reader" } })).status, 201);
  assert.equal((await call("/version", { token })).status, 401, "another account of the same name");
});

test("a token ends with its time, and with what it is bound to", async () => {
  const namespace = "/api/v1/namespaces/default";
  const issue = async (spec: unknown): Promise<string> => {
    const body = JSON.stringify({ spec });
    const path = `${namespace}/serviceaccounts/bound/token`;
    const { text } = await call(path, { certificate: true, method: "POST", body });
    return (JSON.parse(text) as { status: { token: string } }).status.token;
  };
  for (const kind of ["serviceaccounts", "secrets"]) {
    const body = JSON.stringify({ metadata: { name: "bound" } });
    await call(`${namespace}/${kind}`, { certificate: true, method: "POST", body });
  }
  const bound = await issue({ boundObjectRef: { kind: "Secret", name: "bound" } });
  assert.equal((await call("/version", { token: bound })).status, 200);
  await call(`${namespace}/secrets/bound`, { certificate: true, method: "DELETE" });
  aheadMs += 10_000;
  assert.equal((await call("/version", { token: bound })).status, 401);
  const short = await issue({ expirationSeconds: 600 });
  aheadMs += 300_000;
  assert.equal((await call("/version", { token: short })).status, 200);
  aheadMs += 300_000;
  assert.equal((await call("/version", { token: short })).status, 401);
});

test("a body above 3 MiB is refused", async () => {
  const body = JSON.stringify({ metadata: { name: "big" }, data: { text: "x".repeat(4 * 1024 * 1024) } });
  const path = "/api/v1/namespaces/default/configmaps";
  const { status, text } = await call(path, { certificate: true, method: "POST", body });
  assert.equal(status, 413);
  assert.match(text, /Request entity too large: limit is 3145728/);
});

test("the kubeconfig is for its owner only", async () => {
  const path = listening.kubeconfigPath ?? "";
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(await readFile(path, "utf8"), listening.adminKubeconfig);
});

test("it does not listen on other addresses than loopback", async () => {
  const other = await createApiServer();
  await assert.rejects(other.listen({ host: "0.0.0.0" }), /loopback only, not on 0\.0\.0\.0/);
  await other.close();
});

test("a reader of a watch that does not keep up is disconnected", { timeout: 30_000 }, async () => {
  const { port } = new URL(listening.url);
  const socket = connect({ port: Number(port), host: "127.0.0.1", ca: listening.ca, ...credentials() });
  await once(socket, "secureConnect");
  socket.write("GET /api/v1/namespaces/default/configmaps?watch=true HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(socket, "data");
  socket.pause();
  const closed = once(socket, "close");
  socket.on("error", () => undefined);
  const text = "x".repeat(900 * 1024);
  const path = "/api/v1/namespaces/default/configmaps";
  for (let index = 0; index < 24; index++) {
    await server.transport()({
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ metadata: { name: `large-${index}` }, data: { text } }),
    });
  }
  socket.resume();
  await closed;
});

test("connections that say nothing keep nobody else out", async () => {
  const port = Number(new URL(listening.url).port);
  const sockets = Array.from({ length: 200 }, () => connectPlain(port, "127.0.0.1"));
  for (const socket of sockets) socket.on("error", () => undefined);
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  assert.equal((await call("/version", { certificate: true })).status, 200);
  for (const socket of sockets) socket.destroy();
});

test("1,000 watches at the same time all see a change", { timeout: 60_000 }, async () => {
  const stop = new AbortController();
  const transport = createHttpsTransport({
    server: listening.url,
    ca: listening.ca,
    certificate: credentials(),
    maxSockets: 1_000,
  });
  const path = "/api/v1/namespaces/kube-public/configmaps";
  const watch = async (): Promise<void> => {
    const watched = `${path}?watch=true&labelSelector=seen`;
    const response = await transport({ method: "GET", path: watched, signal: stop.signal });
    opened += 1;
    if (opened === 1_000) allOpen.resolve();
    for await (const chunk of response.chunks()) {
      if (Buffer.from(chunk).includes('"name":"seen"')) return;
    }
    throw new Error("the watch ended without the change");
  };
  let opened = 0;
  const allOpen = Promise.withResolvers<void>();
  try {
    const watches = Promise.all(Array.from({ length: 1_000 }, watch));
    await Promise.race([allOpen.promise, watches]);
    await server.transport()({
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ metadata: { name: "seen", labels: { seen: "" } } }),
    });
    await watches;
  } finally {
    stop.abort();
    transport.close();
  }
});
