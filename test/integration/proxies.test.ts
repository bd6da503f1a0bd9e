import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { loadPki } from "../../src/devcluster/pki.ts";
import { namespaces } from "../../src/kube/builtin.ts";
import { startEmbeddedApiServer, startHttp2ApiServer, type TestApiServer } from "../support/api-server.ts";
import { startConnectProxy, startSocksProxy } from "../support/proxy.ts";
import { answerJson, startScriptedServer } from "../support/scripted-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let http1: TestApiServer;
let http2: TestApiServer;
before(
  async () => {
    http1 = await startEmbeddedApiServer(stack);
    http2 = await startHttp2ApiServer(stack);
  },
  { timeout: 20_000 },
);
after(() => stack.disposeAsync(), { timeout: 20_000 });

const limit = { timeout: 20_000 };

function portOf(server: TestApiServer): number {
  return Number(new URL(server.options.server).port);
}

/** Lists namespaces at an address that only a proxy can reach, some at a time and then one. */
async function listThrough(
  server: TestApiServer,
  from: { cluster?: object; environment?: Record<string, string>; host?: string },
): Promise<void> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "kubeconfig");
  const { ca = "", certificate } = server.options;
  const base64 = (text = ""): string => Buffer.from(text).toString("base64");
  const user = {
    "client-certificate-data": base64(certificate?.cert),
    "client-key-data": base64(certificate?.key),
  };
  const cluster = {
    server: `https://${from.host ?? "api.cluster.test"}:${portOf(server)}`,
    "tls-server-name": "localhost",
    "certificate-authority-data": base64(ca),
    ...from.cluster,
  };
  await writeFile(
    path,
    JSON.stringify({
      "current-context": "x",
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user: certificate === undefined ? {} : user }],
    }),
  );
  const { transport } = await kubeconfigTransport({ paths: [path], environment: from.environment ?? {} });
  try {
    const client = createClient(transport);
    const lists = await Promise.all([1, 2, 3].map(() => client.list(namespaces)));
    lists.push(await client.list(namespaces));
    for (const { items } of lists) assert.ok(items.length > 0);
  } finally {
    transport.close();
  }
}

for (const protocol of ["HTTP/1.1", "HTTP/2"] as const) {
  test(`${protocol} goes through the proxy that the kubeconfig names, with its password`, limit, async () => {
    const server = protocol === "HTTP/1.1" ? http1 : http2;
    await using proxy = await startConnectProxy(portOf(server));
    await listThrough(server, { cluster: { "proxy-url": `http://jane:p%40ss@127.0.0.1:${proxy.port}` } });
    assert.equal(proxy.targets[0], `api.cluster.test:${portOf(server)}`);
    assert.equal(proxy.authorizations[0], `Basic ${Buffer.from("jane:p@ss").toString("base64")}`);
    if (protocol === "HTTP/2") assert.equal(proxy.targets.length, 1);
  });

  test(`${protocol} goes through a SOCKS5 proxy, which looks the name up`, limit, async () => {
    const server = protocol === "HTTP/1.1" ? http1 : http2;
    await using proxy = await startSocksProxy(portOf(server));
    await listThrough(server, { cluster: { "proxy-url": `socks5://127.0.0.1:${proxy.port}` } });
    assert.equal(proxy.targets[0], `api.cluster.test:${portOf(server)}`);
  });

  test(`${protocol} goes through a proxy that speaks TLS`, limit, async () => {
    const server = protocol === "HTTP/1.1" ? http1 : http2;
    const { serverKey: key, serverCertificate: cert } = await loadPki(undefined, new Date());
    const cluster = { "proxy-url": "", "insecure-skip-tls-verify": true };
    await using proxy = await startConnectProxy(portOf(server), { tls: { key, cert } });
    cluster["proxy-url"] = `https://localhost:${proxy.port}`;
    await listThrough(server, { cluster });
    assert.equal(proxy.targets[0], `api.cluster.test:${portOf(server)}`);
    await assert.rejects(
      listThrough(server, { cluster: { "proxy-url": cluster["proxy-url"] } }),
      /the proxy https:\/\/localhost:\d+: .*certificate/,
    );
  });
}

test(
  "the environment names a proxy, unless the server is meant by NO_PROXY or on loopback",
  limit,
  async () => {
    await using proxy = await startConnectProxy(portOf(http1));
    const environment = { HTTPS_PROXY: `127.0.0.1:${proxy.port}` };
    await listThrough(http1, { environment });
    assert.equal(proxy.targets[0], `api.cluster.test:${portOf(http1)}`);
    const before = proxy.targets.length;
    await listThrough(http1, { environment, host: "127.0.0.1" });
    await assert.rejects(
      listThrough(http1, { environment: { ...environment, no_proxy: "10.0.0.0/8,.test" } }),
      /no answer from the API server: .*api\.cluster\.test/,
    );
    assert.equal(proxy.targets.length, before);
  },
);

test("a server without TLS is reached through a proxy too", limit, async () => {
  await using server = await startScriptedServer((_request, response) => answerJson(response, 200, {}));
  await using proxy = await startConnectProxy(Number(new URL(server.url).port));
  const transport = createHttpsTransport({
    server: "http://api.cluster.test",
    proxy: new URL(`http://127.0.0.1:${proxy.port}`),
  });
  await createClient(transport).getText("/version");
  transport.close();
  assert.deepEqual(proxy.targets, ["api.cluster.test:80"]);
});

test("a proxy that refuses, or is not there, is named without its password", limit, async () => {
  await using proxy = await startConnectProxy(portOf(http1), { status: "407 Proxy Authentication Required" });
  const url = `http://jane:hunter2@127.0.0.1:${proxy.port}`;
  const refused =
    /the proxy http:\/\/127\.0\.0\.1:\d+: it answered 407 Proxy Authentication Required to CONNECT/;
  await assert.rejects(listThrough(http1, { cluster: { "proxy-url": url } }), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, refused);
    assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /hunter2/);
    return true;
  });
  await proxy[Symbol.asyncDispose]();
  await assert.rejects(
    listThrough(http1, { cluster: { "proxy-url": url } }),
    /the proxy http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/,
  );
  await assert.rejects(
    listThrough(http1, { cluster: { "proxy-url": "ftp://x" } }),
    /a proxy is http, https or/,
  );
});
