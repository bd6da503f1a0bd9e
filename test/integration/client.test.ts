import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { isApiError } from "../../src/client/errors.ts";
import { rotatingToken } from "../../src/client/in-cluster.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { configMaps, namespaces, secrets } from "../../src/kube/builtin.ts";
import { startTestApiServer } from "../support/api-server.ts";
import { answerJson, failureStatus, startScriptedServer } from "../support/scripted-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const aConfigMap = { metadata: { namespace: "n", name: "a", resourceVersion: "1" } };

test("every call is the request that Kubernetes expects", async () => {
  await using server = await startScriptedServer((_request, response) =>
    answerJson(response, 200, aConfigMap),
  );
  const transport = createHttpsTransport({ server: `${server.url}/prefix/` });
  const client = createClient(transport, { fieldManager: "tester" });
  const at = { namespace: "n", name: "a" };
  await client.get(configMaps, at);
  await client.get(namespaces, { name: "n" });
  await client.list(configMaps, { namespace: "n", labelSelector: "a in (b,c)", limit: 5 });
  await client.create(configMaps, { metadata: { namespace: "n", name: "a" } }, { dryRun: true });
  await client.create(namespaces, { metadata: { name: "n" } }, { metadataOnly: true });
  await client.replace(configMaps, aConfigMap, { subresource: "status" });
  await client.patch(configMaps, at, { data: { x: "ü" } }, { subresource: "status" });
  await client.patch(configMaps, at, [], { type: "json", force: true, fieldManager: "other" });
  await client.delete(configMaps, at, { propagationPolicy: "Foreground", preconditions: { uid: "u" } });
  transport.close();
  const seen = server.seen.map(
    ({ method, path, query }) => `${method} ${path}${query.size ? `?${query}` : ""}`,
  );
  assert.deepEqual(seen, [
    "GET /prefix/api/v1/namespaces/n/configmaps/a",
    "GET /prefix/api/v1/namespaces/n",
    "GET /prefix/api/v1/namespaces/n/configmaps?labelSelector=a+in+%28b%2Cc%29&limit=5",
    "POST /prefix/api/v1/namespaces/n/configmaps?fieldManager=tester&dryRun=All",
    "POST /prefix/api/v1/namespaces?fieldManager=tester",
    "PUT /prefix/api/v1/namespaces/n/configmaps/a/status?fieldManager=tester",
    "PATCH /prefix/api/v1/namespaces/n/configmaps/a/status?fieldManager=tester",
    "PATCH /prefix/api/v1/namespaces/n/configmaps/a?fieldManager=other&force=true",
    "DELETE /prefix/api/v1/namespaces/n/configmaps/a",
  ]);
  const [created, inShort, , patched, jsonPatched, deleted] = server.seen.slice(3);
  assert.equal(
    inShort?.headers["accept"],
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
  );
  assert.deepEqual(JSON.parse(created?.body ?? ""), {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "n", name: "a" },
  });
  assert.equal(patched?.headers["content-type"], "application/merge-patch+json");
  assert.deepEqual(JSON.parse(patched?.body ?? ""), { data: { x: "ü" } });
  assert.equal(jsonPatched?.headers["content-type"], "application/json-patch+json");
  const { propagationPolicy, preconditions } = JSON.parse(deleted?.body ?? "");
  assert.deepEqual(
    { propagationPolicy, preconditions },
    { propagationPolicy: "Foreground", preconditions: { uid: "u" } },
  );
});

test("a failure carries the server's Status, and a page of a proxy its first words", async () => {
  await using server = await startScriptedServer((request, response) => {
    if (request.path.endsWith("/proxy"))
      response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
    else
      answerJson(
        response,
        429,
        failureStatus(429, "TooManyRequests", "slow down", { retryAfterSeconds: 7 }),
        {
          "retry-after": "3",
        },
      );
  });
  const transport = createHttpsTransport({ server: server.url });
  const client = createClient(transport);
  await assert.rejects(client.get(configMaps, { namespace: "n", name: "a" }), (error) => {
    assert.ok(isApiError(error, "TooManyRequests"));
    assert.equal(error.code, 429);
    assert.equal(error.retryAfterSeconds, 7);
    assert.equal(error.message, "GET /api/v1/namespaces/n/configmaps/a: slow down");
    return true;
  });
  await assert.rejects(client.getText("/proxy"), { code: 502, message: "GET /proxy: <h1>Bad gateway</h1>" });
  transport.close();
});

test("a list of nothing is empty, also where only metadata is asked for", async () => {
  await using stack = new AsyncDisposableStack();
  const { client, namespace } = await startTestApiServer(stack);
  assert.deepEqual((await client.list(secrets, { namespace })).items, []);
  assert.deepEqual((await client.list(secrets, { namespace, metadataOnly: true })).items, []);
});

test("a token file is read again as it rotates, and the last good token kept when it cannot be", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "token");
  await writeFile(file, "one\n");
  const authority = rotatingToken(file, 0);
  assert.deepEqual(await authority(), { headers: { authorization: "Bearer one" } });
  await writeFile(file, "two");
  assert.deepEqual(await authority(), { headers: { authorization: "Bearer two" } });
  await rm(file);
  assert.deepEqual(await authority(), { headers: { authorization: "Bearer two" } });
  await assert.rejects(rotatingToken(file, 0)(), /cannot read .*token: is this a pod/);
});
