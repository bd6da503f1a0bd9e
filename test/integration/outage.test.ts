import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../src/client/client.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { watchResource } from "../../src/client/watch.ts";
import { configMaps } from "../../src/kube/builtin.ts";
import { startEmbeddedApiServer } from "../support/api-server.ts";
import { startChaosProxy } from "../support/chaos-proxy.ts";
import { answerJson, failureStatus, startScriptedServer } from "../support/scripted-server.ts";

/** Long enough for pauses to have grown as far as they do. */
const OUTAGE_MS = 9_000;
/** After the API server is ready again. */
const BLIND_MS = 5_000;

test("what has changed in an outage is seen soon after it", { timeout: 60_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const { client, options, namespace } = await startEmbeddedApiServer(stack);
  const proxy = stack.use(await startChaosProxy(options.server));
  const transport = createHttpsTransport({ ...options, server: `https://127.0.0.1:${proxy.port}` });
  stack.defer(() => transport.close());
  const signal = AbortSignal.timeout(50_000);
  const events = watchResource(createClient(transport), configMaps, { namespace, signal });
  let readyAt = 0;
  async function endOutage(): Promise<void> {
    await sleep(OUTAGE_MS);
    await client.create(configMaps, { metadata: { name: "late", namespace } });
    readyAt = performance.now();
    proxy.refuse(false);
  }
  for await (const event of events) {
    if (event.kind === "connected" && readyAt === 0) {
      proxy.refuse(true);
      proxy.cutAll();
      void endOutage();
    }
    if (event.kind === "upsert" && event.object.metadata.name === "late") break;
  }
  assert.ok(performance.now() - readyAt < BLIND_MS, `seen after ${performance.now() - readyAt} ms`);
});

test("one that comes back without its past is listed at once, however often it has failed before", async () => {
  const startedAt = performance.now();
  let lists = 0;
  await using server = await startScriptedServer((request, response) => {
    const isDown = lists > 0 && performance.now() - startedAt < OUTAGE_MS;
    if (isDown) response.destroy();
    else if (!request.query.has("watch")) {
      lists += 1;
      answerJson(response, 200, { metadata: { resourceVersion: String(lists) }, items: [] });
    } else answerJson(response, 410, failureStatus(410, "Expired", "too old resource version"));
  });
  const transport = createHttpsTransport({ server: server.url });
  let syncs = 0;
  for await (const { kind } of watchResource(createClient(transport), configMaps)) {
    if (kind === "sync" && (syncs += 1) === 2) break;
  }
  transport.close();
  const blindMs = performance.now() - startedAt - OUTAGE_MS;
  assert.ok(blindMs > 0 && blindMs < BLIND_MS, `listed after ${blindMs} ms`);
});
