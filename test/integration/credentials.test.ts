import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { inClusterOptions } from "../../src/client/in-cluster.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { namespaces } from "../../src/kube/builtin.ts";
import { startEmbeddedApiServer } from "../support/api-server.ts";
import type { TestApiServer } from "../support/api-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let server: TestApiServer;
before(async () => void (server = await startEmbeddedApiServer(stack)), { timeout: 20_000 });
after(() => stack.disposeAsync(), { timeout: 20_000 });

const limit = { timeout: 20_000 };
const base64 = (text = ""): string => Buffer.from(text).toString("base64");

/** A kubeconfig with these fields for its cluster and its user, as YAML in flow style. */
async function writeKubeconfig(directory: string, cluster: object, user: object): Promise<string> {
  const path = join(directory, "kubeconfig");
  const authority = {
    server: server.options.server,
    "certificate-authority-data": base64(server.options.ca),
  };
  await writeFile(
    path,
    JSON.stringify({
      "current-context": "x",
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { ...authority, ...cluster } }],
      users: [{ name: "u", user }],
    }),
  );
  return path;
}

test("a server with another authority's certificate is not talked to", limit, async () => {
  const { ca: _ca, ...withoutAuthority } = server.options;
  const transport = createHttpsTransport(withoutAuthority);
  await assert.rejects(
    createClient(transport).getText("/version"),
    /no answer from the API server: .*certificate/,
  );
  transport.close();
});

test("without credentials nobody is let in", limit, async () => {
  const { certificate: _certificate, ...anonymous } = server.options;
  const transport = createHttpsTransport(anonymous);
  await assert.rejects(createClient(transport).list(namespaces), { code: 401, reason: "Unauthorized" });
  transport.close();
});

test("a client certificate may come from a program", limit, async () => {
  await using directory = await temporaryDirectory();
  const { cert, key } = server.options.certificate ?? {};
  const credential = {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { clientCertificateData: cert, clientKeyData: key },
  };
  await writeFile(join(directory.path, "credential.json"), JSON.stringify(credential));
  const exec = {
    apiVersion: credential.apiVersion,
    command: "cat",
    args: [join(directory.path, "credential.json")],
    interactiveMode: "Never",
  };
  const { transport } = await kubeconfigTransport({
    paths: [await writeKubeconfig(directory.path, {}, { exec })],
    environment: process.env,
  });
  const client = createClient(transport);
  assert.ok((await client.list(namespaces)).items.length > 0);
  assert.ok((await client.list(namespaces)).items.length > 0);
  transport.close();
});

test("in a pod: the mounted token, authority and namespace", limit, async () => {
  await using directory = await temporaryDirectory();
  const mounted = join(directory.path, "serviceaccount");
  await mkdir(mounted);
  const url = new URL(server.options.server);
  const where = { host: url.hostname, port: url.port, directory: mounted };
  await assert.rejects(inClusterOptions(where), /cannot read .*token: is this a pod/);
  await writeFile(join(mounted, "token"), "no-such-token");
  await writeFile(join(mounted, "ca.crt"), server.options.ca ?? "");
  await writeFile(join(mounted, "namespace"), "operators\n");
  const { options, namespace } = await inClusterOptions(where);
  assert.equal(namespace, "operators");
  assert.equal(options.server, server.options.server);
  const transport = createHttpsTransport(options);
  // The authority is right and the token was sent; it is only nobody's.
  await assert.rejects(createClient(transport).list(namespaces), { code: 401, reason: "Unauthorized" });
  transport.close();
});
