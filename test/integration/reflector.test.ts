import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import type { WatchOptions } from "../../src/client/watch.ts";
import { configMaps } from "../../src/kube/builtin.ts";
import type { ConfigMap } from "../../src/kube/builtin.ts";
import { keyOf } from "../../src/kube/objects.ts";
import { createLog } from "../../src/runtime/log.ts";
import { createReflector } from "../../src/runtime/reflector.ts";
import type { Change, Reflector } from "../../src/runtime/reflector.ts";
import { startTestApiServer } from "../support/api-server.ts";
import type { TestApiServer } from "../support/api-server.ts";
import { startChaosProxy } from "../support/chaos-proxy.ts";

const stack = new AsyncDisposableStack();
let server: TestApiServer;
before(async () => void (server = await startTestApiServer(stack)), { timeout: 20_000 });
after(() => stack.disposeAsync(), { timeout: 20_000 });

const log = createLog({ level: "silent" });

function configMap(name: string, value: string, labels: Record<string, string> = {}): ConfigMap {
  return { metadata: { namespace: server.namespace, name, labels }, data: { value } };
}

/** A cache of the ConfigMaps of the test's namespace that ends with the test. */
function startedReflector(
  client: Client,
  cleanUp: { after(end: () => Promise<void>): void },
  watch: WatchOptions<ConfigMap> = {},
): Reflector<ConfigMap> {
  const reflector = createReflector({ client, type: configMaps, namespaces: [server.namespace], watch, log });
  cleanUp.after(() => reflector.stop());
  reflector.start();
  return reflector;
}

/** Resolves at the first change after which `condition` holds, or at once. */
async function untilChange(reflector: Reflector<ConfigMap>, condition: () => boolean): Promise<void> {
  if (condition()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = reflector.onChange(() => void (condition() && resolve()));
  await promise;
  stop();
}

function versions(objects: Iterable<ConfigMap>): Record<string, string | undefined> {
  const sorted = [...objects].map((each) => [keyOf(each), each.metadata.resourceVersion] as const);
  return Object.fromEntries(sorted.sort(([a], [b]) => a.localeCompare(b)));
}

async function versionsOnServer(): Promise<Record<string, string | undefined>> {
  const { items } = await server.client.list(configMaps, { namespace: server.namespace });
  return versions(items);
}

test(
  "a cache holds what exists, follows every change and tells old and new",
  { timeout: 20_000 },
  async (t) => {
    const { client, namespace } = server;
    await client.create(configMaps, configMap("first", "1"));
    const reflector = startedReflector(client, t);
    assert.match(reflector.problem() ?? "", /^configmaps: not listed yet/);
    await reflector.synced;
    assert.equal(reflector.problem(), undefined);
    const first = reflector.get(`${namespace}/first`);
    assert.equal(first?.data?.["value"], "1");
    assert.equal(first.metadata.managedFields, undefined);

    const told: string[] = [];
    reflector.onChange(({ old, new: now }: Change<ConfigMap>) => {
      told.push(`${old?.data?.["value"] ?? "-"} to ${now?.data?.["value"] ?? "-"}`);
    });
    await client.patch(configMaps, { namespace, name: "first" }, { data: { value: "2" } });
    await client.create(configMaps, configMap("second", "3"));
    await client.delete(configMaps, { namespace, name: "first" });
    await untilChange(reflector, () => reflector.get(`${namespace}/first`) === undefined);
    assert.deepEqual(told, ["1 to 2", "- to 3", "2 to -"]);
    await client.delete(configMaps, { namespace, name: "second" });
  },
);

test(
  "own writes are seen at once, and the watch tells them no second time",
  { timeout: 20_000 },
  async (t) => {
    const { client, namespace } = server;
    const reflector = startedReflector(client, t);
    await reflector.synced;
    const origin = {};
    const told: string[] = [];
    reflector.onChange((change) => {
      const { value = "-" } = change.new?.data ?? {};
      if (change.key === `${namespace}/own`) told.push(`${value}${change.origin === origin ? " by us" : ""}`);
    });
    // Together with the write of a neighbour: when that arrives, the watch has passed the own writes.
    for (let round = 1; round <= 50; round += 1) {
      const value = String(round);
      const written =
        round === 1
          ? await client.create(configMaps, configMap("own", value))
          : await client.patch(configMaps, { namespace, name: "own" }, { data: { value } });
      reflector.put(written, origin);
      assert.equal(reflector.get(`${namespace}/own`)?.data?.["value"], value);
    }
    await client.create(configMaps, configMap("neighbour", "x"));
    await untilChange(reflector, () => reflector.get(`${namespace}/neighbour`) !== undefined);
    assert.deepEqual(
      told.map((each) => each.replace(" by us", "")),
      Array.from({ length: 50 }, (_, index) => String(index + 1)),
    );
    await client.delete(configMaps, { namespace, name: "own" });
    await client.delete(configMaps, { namespace, name: "neighbour" });
  },
);

test("objects that leave the selector leave the cache", { timeout: 20_000 }, async (t) => {
  const { client, namespace } = server;
  const reflector = startedReflector(client, t, { labelSelector: "in=yes" });
  await reflector.synced;
  await client.create(configMaps, configMap("labelled", "1", { in: "yes" }));
  await untilChange(reflector, () => reflector.size === 1);
  await client.patch(configMaps, { namespace, name: "labelled" }, { metadata: { labels: { in: "no" } } });
  await untilChange(reflector, () => reflector.size === 0);
  await client.delete(configMaps, { namespace, name: "labelled" });
});

test(
  "no event is lost while connections are cut at random and objects change",
  { timeout: 60_000 },
  async (t) => {
    const url = new URL(server.options.server);
    await using proxy = await startChaosProxy(Number(url.port));
    const transport = createHttpsTransport({ ...server.options, server: `https://127.0.0.1:${proxy.port}` });
    const reflector = startedReflector(createClient(transport), t, {
      firstPauseMs: 5,
      longestPauseMs: 50,
      pageSize: 7,
    });
    // What a listener is told, put together, must be the cache: no change is told twice or out of order.
    const followed = new Map<string, ConfigMap>();
    reflector.onChange(({ key, old, new: now }) => {
      assert.equal(followed.get(key), old, `the old state of ${key} is the one told before`);
      if (now === undefined) followed.delete(key);
      else followed.set(key, now);
    });
    const written = new AbortController();
    const cuts = (async () => {
      for (let cut = 0; !written.signal.aborted; cut += 1) {
        await sleep(Math.random() * 30);
        proxy.refuse(cut % 5 === 0);
        proxy.cutAll();
      }
      proxy.refuse(false);
    })();
    await writeAtRandom(600);
    written.abort();
    await cuts;
    assert.ok(proxy.connections() > 20, `only ${proxy.connections()} connections were needed`);
    await server.client.create(configMaps, configMap("last", "1"));
    await untilChange(reflector, () => reflector.get(`${server.namespace}/last`) !== undefined);
    const expected = await versionsOnServer();
    assert.deepEqual(versions(reflector.list()), expected);
    assert.deepEqual(versions(followed.values()), expected);
    transport.close();
  },
);

/** Creates, changes and deletes some dozens of ConfigMaps, four at a time. */
async function writeAtRandom(writes: number): Promise<void> {
  const { client, namespace } = server;
  const write = async (worker: number): Promise<void> => {
    const existing = new Set<string>();
    for (let count = 0; count < writes / 4; count += 1) {
      const name = `chaos-${worker}-${Math.floor(Math.random() * 12)}`;
      if (!existing.has(name)) {
        await client.create(configMaps, configMap(name, String(count)));
        existing.add(name);
      } else if (Math.random() < 0.3) {
        await client.delete(configMaps, { namespace, name });
        existing.delete(name);
      } else {
        await client.patch(configMaps, { namespace, name }, { data: { value: String(count) } });
      }
    }
  };
  await Promise.all([0, 1, 2, 3].map(write));
}

test(
  "a half-open connection is noticed, and what happened meanwhile is caught up",
  { timeout: 20_000 },
  async (t) => {
    const url = new URL(server.options.server);
    await using proxy = await startChaosProxy(Number(url.port));
    const transport = createHttpsTransport({ ...server.options, server: `https://127.0.0.1:${proxy.port}` });
    const watch = { idleLimitMs: 300, firstPauseMs: 5, longestPauseMs: 50 };
    const reflector = startedReflector(createClient(transport), t, watch);
    await reflector.synced;
    proxy.hold(true);
    await server.client.create(configMaps, configMap("unheard", "1"));
    // Whoever looks now sees nothing; the connection seems to be fine.
    assert.equal(reflector.get(`${server.namespace}/unheard`), undefined);
    setTimeout(() => proxy.hold(false), 500);
    await untilChange(reflector, () => reflector.get(`${server.namespace}/unheard`) !== undefined);
    assert.deepEqual(versions(reflector.list()), await versionsOnServer());
    transport.close();
  },
);
