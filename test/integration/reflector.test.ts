import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import type { WatchOptions } from "../../src/client/watch.ts";
import { createApiServer } from "../../src/devcluster/apiserver/server.ts";
import { configMaps, namespaces } from "../../src/kube/builtin.ts";
import type { ConfigMap } from "../../src/kube/builtin.ts";
import { keyOf } from "../../src/kube/objects.ts";
import { createLog } from "../../src/runtime/log.ts";
import { createReflector } from "../../src/client/cache/reflector.ts";
import type { Change, Reflector, ReflectorObserver } from "../../src/client/cache/reflector.ts";
import { startTestApiServer, throughRelay } from "../support/api-server.ts";
import type { TestApiServer } from "../support/api-server.ts";
import { startChaosProxy } from "../support/chaos-proxy.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let server: TestApiServer;
before(async () => void (server = await startTestApiServer(stack, "HTTP/2")), { timeout: 20_000 });
after(() => stack.disposeAsync(), { timeout: 20_000 });

const log = createLog({ level: "silent" });

function configMap(name: string, value: string, labels: Record<string, string> = {}): ConfigMap {
  return { metadata: { namespace: server.namespace, name, labels }, data: { value } };
}

const quick = { firstPauseMs: 5, longestPauseMs: 50 };

/** A cache of the ConfigMaps of the test's namespace that ends with the test; `counted` counts what its watch does. */
function startedReflector(
  client: Client,
  cleanUp: { after(end: () => Promise<void>): void },
  watch: WatchOptions<ConfigMap> = {},
  counted: Partial<Record<string, number>> = {},
): Reflector<ConfigMap> {
  const observer: ReflectorObserver = {
    event: (_resource, kind) => void (counted[kind] = (counted[kind] ?? 0) + 1),
    disconnected: () => undefined,
  };
  const only = { namespaces: [server.namespace] };
  const reflector = createReflector({ client, type: configMaps, ...only, watch, log, observer });
  cleanUp.after(() => reflector.stop());
  reflector.start();
  return reflector;
}

/** Resolves at the first change after which `condition` holds, or at once; rejects when the test is over. */
async function untilChange(
  { signal }: TestContext,
  reflector: Reflector<ConfigMap>,
  condition: () => boolean,
): Promise<void> {
  if (condition()) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = reflector.onChange(() => void (condition() && resolve()));
  signal.addEventListener("abort", () => reject(new Error("the awaited change did not come")));
  await promise.finally(stop);
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
    reflector.onChange(({ key, old, new: now }: Change<ConfigMap>) => {
      if (!/\/(?:first|second)$/.test(key)) return;
      told.push(`${old?.data?.["value"] ?? "-"} to ${now?.data?.["value"] ?? "-"}`);
    });
    await client.patch(configMaps, { namespace, name: "first" }, { data: { value: "2" } });
    await client.create(configMaps, configMap("second", "3"));
    await client.delete(configMaps, { namespace, name: "first" });
    await untilChange(t, reflector, () => reflector.get(`${namespace}/first`) === undefined);
    assert.deepEqual(told, ["1 to 2", "- to 3", "2 to -"]);
    await client.delete(configMaps, { namespace, name: "second" });
  },
);

test("a cache of names takes in the writes of those names only", { timeout: 20_000 }, async (t) => {
  const { client, namespace } = server;
  const only = { namespaces: [namespace], names: ["wanted", "wanted-too"] };
  const reflector = createReflector({ client, type: configMaps, ...only, log });
  t.after(() => reflector.stop());
  reflector.start();
  await reflector.synced;
  for (const name of ["unwanted", "wanted-too"]) {
    reflector.put(await client.create(configMaps, configMap(name, "1")));
  }
  assert.equal(reflector.get(`${namespace}/unwanted`), undefined);
  assert.equal(reflector.get(`${namespace}/wanted-too`)?.data?.["value"], "1");
  for (const name of ["unwanted", "wanted-too"]) await client.delete(configMaps, { namespace, name });
});

test("a cache of labelled objects takes in the writes of those only", { timeout: 20_000 }, async (t) => {
  const { client, namespace } = server;
  const watch = { labelSelector: "wanted,group notin (other)" };
  const reflector = createReflector({ client, type: configMaps, namespaces: [namespace], watch, log });
  t.after(() => reflector.stop());
  reflector.start();
  await reflector.synced;
  const labels: Record<string, Record<string, string>> = {
    none: {},
    wanted: { wanted: "" },
    other: { wanted: "", group: "other" },
  };
  for (const [name, its] of Object.entries(labels)) {
    const metadata = { namespace, name, labels: its };
    reflector.put(await client.create(configMaps, { metadata }));
  }
  assert.deepEqual([...reflector.keys()], [`${namespace}/wanted`]);
  for (const name of Object.keys(labels)) await client.delete(configMaps, { namespace, name });
});

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
    await untilChange(t, reflector, () => reflector.get(`${namespace}/neighbour`) !== undefined);
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
  await untilChange(t, reflector, () => reflector.size === 1);
  await client.patch(configMaps, { namespace, name: "labelled" }, { metadata: { labels: { in: "no" } } });
  await untilChange(t, reflector, () => reflector.size === 0);
  await client.delete(configMaps, { namespace, name: "labelled" });
});

test(
  "no event is lost while connections are cut at random and objects change",
  { timeout: 60_000 },
  async (t) => {
    await using proxy = await startChaosProxy(server.options.server);
    const transport = createHttpsTransport(throughRelay(server.options, proxy.port));
    const counted = { connected: 0, listing: 0 };
    const reflector = startedReflector(createClient(transport), t, quick, counted);
    await reflector.synced;
    // What a listener gets, put together, must be the cache: no change is reported twice or out of order.
    const followed = new Map([...reflector.list()].map((object) => [keyOf(object), object]));
    reflector.onChange(({ key, old, new: now }) => {
      assert.equal(followed.get(key), old, `the old state of ${key} is the one told before`);
      if (now === undefined) followed.delete(key);
      else followed.set(key, now);
    });
    const written = new AbortController();
    const cuts = (async () => {
      for (let cut = 0; !written.signal.aborted; cut += 1) {
        await sleep(10 + Math.random() * 90);
        proxy.refuse(cut % 5 === 0);
        proxy.cutAll();
      }
      proxy.refuse(false);
    })();
    // One that begins in the middle of it, so that its list is cut too.
    const late = startedReflector(createClient(transport), t, { ...quick, pageSize: 7 });
    await writeAtRandom(2_000);
    written.abort();
    await cuts;
    assert.ok(counted.connected > 5, `the watch was resumed only ${counted.connected} times`);
    assert.equal(counted.listing, 1, "a watch that can be resumed needs no second list");
    await server.client.create(configMaps, configMap("last", "1"));
    await untilChange(t, reflector, () => reflector.get(`${server.namespace}/last`) !== undefined);
    await late.synced;
    await untilChange(t, late, () => late.get(`${server.namespace}/last`) !== undefined);
    const expected = await versionsOnServer();
    assert.deepEqual(versions(reflector.list()), expected);
    assert.deepEqual(versions(late.list()), expected);
    assert.deepEqual(versions(followed.values()), expected);
    transport.close();
  },
);

/**
 * Creates, changes and deletes ConfigMaps, four at a time. A name comes only once, so that a deletion
 * that was missed is never made good by a later change.
 */
async function writeAtRandom(writes: number): Promise<void> {
  const { client, namespace } = server;
  const write = async (worker: number): Promise<void> => {
    const existing: string[] = [];
    for (let count = 0; count < writes / 4; count += 1) {
      const [name] = existing;
      const dice = Math.random();
      if (name === undefined || dice < 0.4) {
        existing.push(`chaos-${worker}-${count}`);
        await client.create(configMaps, configMap(`chaos-${worker}-${count}`, String(count)));
      } else if (dice < 0.7) {
        existing.shift();
        await client.delete(configMaps, { namespace, name });
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
    await using proxy = await startChaosProxy(server.options.server);
    const transport = createHttpsTransport(throughRelay(server.options, proxy.port));
    const watch = { ...quick, idleLimitMs: 300 };
    const reflector = startedReflector(createClient(transport), t, watch);
    await reflector.synced;
    proxy.hold(true);
    await server.client.create(configMaps, configMap("unheard", "1"));
    // Whoever looks now sees nothing; the connection seems to be fine.
    assert.equal(reflector.get(`${server.namespace}/unheard`), undefined);
    setTimeout(() => proxy.hold(false), 500);
    await untilChange(t, reflector, () => reflector.get(`${server.namespace}/unheard`) !== undefined);
    assert.deepEqual(versions(reflector.list()), await versionsOnServer());
    transport.close();
  },
);

test(
  "a server that comes back after a crash is followed from where it left off",
  { timeout: 30_000 },
  async (t) => {
    await using directory = await temporaryDirectory();
    const { namespace } = server;
    const first = await createApiServer({ dataDir: directory.path });
    const listening = await first.listen();
    const admin = createClient(first.transport());
    await admin.create(namespaces, { metadata: { name: namespace } });
    for (const name of ["stays", "goes"]) await admin.create(configMaps, configMap(name, "1"));
    const path = join(directory.path, "admin");
    await writeFile(path, listening.adminKubeconfig, { mode: 0o600 });
    const { transport } = await kubeconfigTransport({ paths: [path] });
    const reflector = startedReflector(createClient(transport), t, quick);
    await reflector.synced;
    await first.close();

    const second = await createApiServer({ dataDir: directory.path });
    t.after(() => second.close());
    const again = createClient(second.transport());
    // Before anyone can reach it: the watch has to find out afterwards.
    await again.delete(configMaps, { namespace, name: "goes" });
    await again.create(configMaps, configMap("comes", "1"));
    await second.listen({ port: Number(new URL(listening.url).port) });
    await untilChange(t, reflector, () => reflector.get(`${namespace}/comes`) !== undefined);
    await again.create(configMaps, configMap("last", "1"));
    await untilChange(t, reflector, () => reflector.get(`${namespace}/last`) !== undefined);
    const { items } = await again.list(configMaps, { namespace });
    assert.deepEqual(versions(reflector.list()), versions(items));
    transport.close();
  },
);
