import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import type { HttpsTransportOptions } from "../../src/client/transport-https.ts";
import { createApiServer } from "../../src/devcluster/apiserver/server.ts";
import { namespaces } from "../../src/kube/builtin.ts";
import type { HttpRequest, Transport } from "../../src/client/transport.ts";
import { startScriptedServer, type Answer, type Protocol } from "./scripted-server.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** An API server for tests of what talks to one; the embedded one has no controllers and no kubelet. */
export interface TestApiServer {
  /** How its administrator reaches it. */
  options: HttpsTransportOptions;
  /** An administrator's client over TLS. */
  client: Client;
  /** A namespace of this test's own. */
  namespace: string;
}

/**
 * Starts the embedded one in memory, or connects to the one that TEST_KUBECONFIG names, which speaks HTTP/2 anyway.
 * All ends with `stack`.
 */
export async function startTestApiServer(
  stack: AsyncDisposableStack,
  protocol: Protocol = "HTTP/1.1",
): Promise<TestApiServer> {
  const given = process.env["TEST_KUBECONFIG"];
  if (given === undefined || given === "")
    return protocol === "HTTP/2" ? startHttp2ApiServer(stack) : startEmbeddedApiServer(stack);
  const { options } = await loadKubeconfig({ paths: [given] });
  const server = await connect(options, stack);
  stack.defer(() => server.client.delete(namespaces, { name: server.namespace }));
  return server;
}

/** Starts the embedded one whatever TEST_KUBECONFIG says, for tests of what only it is sure to do. */
export async function startEmbeddedApiServer(stack: AsyncDisposableStack): Promise<TestApiServer> {
  const directory = stack.use(await temporaryDirectory());
  const server = await createApiServer();
  stack.defer(() => server.close());
  const { adminKubeconfig } = await server.listen();
  const path = join(directory.path, "kubeconfig");
  await writeFile(path, adminKubeconfig, { mode: 0o600 });
  const { options } = await loadKubeconfig({ paths: [path] });
  return connect(options, stack);
}

/** The embedded one behind HTTP/2, which a real API server speaks; for tests of connections that break. */
export async function startHttp2ApiServer(stack: AsyncDisposableStack): Promise<TestApiServer> {
  const server = await createApiServer();
  stack.defer(() => server.close());
  const front = await startScriptedServer(passOn(server.transport()), { protocol: "HTTP/2" });
  stack.defer(() => front.close());
  return connect(front.options, stack);
}

function passOn(transport: Transport): Answer {
  return async ({ method, path, query, headers, body }, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const sent = Object.entries(headers).filter(([name]) => !name.startsWith(":"));
    try {
      const answer = await transport({
        method: method as HttpRequest["method"],
        path: query.size === 0 ? path : `${path}?${query}`,
        headers: Object.fromEntries(sent.map(([name, value]) => [name, String(value)])),
        ...(body !== "" && { body }),
        signal: gone.signal,
      });
      response.writeHead(answer.status, answer.headers);
      for await (const chunk of answer.chunks()) response.write(chunk);
      response.end();
    } catch (error) {
      if (!gone.signal.aborted) throw error;
    }
  };
}

async function connect(options: HttpsTransportOptions, stack: AsyncDisposableStack): Promise<TestApiServer> {
  const transport = createHttpsTransport(options);
  stack.defer(() => transport.close());
  const client = createClient(transport);
  const namespace = `test-${randomBytes(4).toString("hex")}`;
  await client.create(namespaces, { metadata: { name: namespace } });
  return { options, client, namespace };
}

/** The same server by way of a relay on this port of 127.0.0.1. */
export function throughRelay(options: HttpsTransportOptions, port: number): HttpsTransportOptions {
  const { hostname } = new URL(options.server);
  // Every API server's certificate has this name; its own address need not be the relay's.
  const name = isIP(hostname) === 0 ? hostname : "kubernetes.default";
  const tlsServerName = options.tlsServerName ?? (hostname === "127.0.0.1" ? undefined : name);
  return {
    ...options,
    server: `https://127.0.0.1:${port}`,
    ...(tlsServerName !== undefined && { tlsServerName }),
  };
}
