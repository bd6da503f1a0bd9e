import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../client/client.ts";
import { ApiError } from "../client/errors.ts";
import { configMaps, type Event } from "../kube/builtin.ts";
import type { KubeObject } from "../kube/objects.ts";
import { createEventRecorder } from "./events.ts";
import type { EventIntent } from "../kube/plan.ts";
import { createLog } from "./log.ts";

const started: EventIntent = { type: "Normal", reason: "Started", action: "Start", note: "started" };

function configMap(name: string): KubeObject {
  return { metadata: { namespace: "n", name, uid: `uid-${name}`, resourceVersion: "7" } };
}

/** A recorder whose writes are kept, or fail with `failure` as long as it says so. */
function scene(failure: () => ApiError | undefined = () => undefined) {
  const created: Event[] = [];
  const patched: unknown[] = [];
  const dropped: string[] = [];
  const time = { now: Date.UTC(2030, 0, 1) };
  const client: Pick<Client, "create" | "patch"> = {
    create: async (_type, object) => {
      const error = failure();
      if (error !== undefined) throw error;
      created.push(object);
      return object;
    },
    patch: async (_type, _at, patch) => {
      const error = failure();
      if (error !== undefined) throw error;
      patched.push(patch);
      throw new ApiError("the answer is not looked at", { code: 404, reason: "NotFound" });
    },
  };
  const recorder = createEventRecorder({
    client,
    reportingController: "example.com/test",
    reportingInstance: "pod-1",
    log: createLog({ level: "silent" }),
    dropped: (why) => void dropped.push(why),
    now: () => new Date(time.now),
  });
  return { recorder, created, patched, dropped, time };
}

test("an event is written as events.k8s.io/v1 wants it", async () => {
  const { recorder, created } = scene();
  recorder.record(configMaps, configMap("a"), started);
  await recorder.flush();
  const [event] = created;
  assert.match(event?.metadata.name ?? "", /^a\.[0-9a-f]{16}$/);
  assert.deepEqual(event, {
    metadata: { name: event?.metadata.name, namespace: "n" },
    eventTime: "2030-01-01T00:00:00.000000Z",
    reportingController: "example.com/test",
    reportingInstance: "pod-1",
    action: "Start",
    reason: "Started",
    type: "Normal",
    note: "started",
    regarding: {
      apiVersion: "v1",
      kind: "ConfigMap",
      namespace: "n",
      name: "a",
      uid: "uid-a",
      resourceVersion: "7",
    },
  });
});

test("an event that repeats is one event with a count, written once", async () => {
  const { recorder, created, patched, time } = scene();
  for (let repetition = 0; repetition < 100; repetition += 1) {
    recorder.record(configMaps, configMap("a"), started);
    time.now += 1_000;
  }
  await recorder.flush();
  assert.equal(created.length, 1);
  assert.deepEqual(patched, [{ series: { count: 100, lastObservedTime: "2030-01-01T00:01:39.000000Z" } }]);
  await recorder.flush();
  assert.equal(patched.length, 1);
});

test("the same event long after is a new one, and so is one about another object", async () => {
  const { recorder, created, time } = scene();
  recorder.record(configMaps, configMap("a"), started);
  recorder.record(configMaps, configMap("b"), started);
  time.now += 11 * 60_000;
  recorder.record(configMaps, configMap("a"), started);
  await recorder.flush();
  assert.deepEqual(
    created.map((event) => event.regarding?.name),
    ["a", "b", "a"],
  );
});

test("one object cannot flood the server, and what is left out is counted", async () => {
  const { recorder, created, dropped, time } = scene();
  for (let index = 0; index < 100; index += 1) {
    recorder.record(configMaps, configMap("loud"), { ...started, note: `number ${index}` });
  }
  recorder.record(configMaps, configMap("quiet"), started);
  await recorder.flush();
  assert.equal(created.length, 26);
  assert.deepEqual(
    dropped,
    Array.from({ length: 75 }, () => "rate"),
  );
  time.now += 30_000;
  recorder.record(configMaps, configMap("loud"), { ...started, note: "later" });
  await recorder.flush();
  assert.equal(created.length, 27);
});

test("a note is cut to what the server takes, never inside a character", async () => {
  const { recorder, created } = scene();
  recorder.record(configMaps, configMap("a"), { ...started, note: "ü".repeat(2_000) });
  await recorder.flush();
  const note = created[0]?.note ?? "";
  assert.match(note, /^ü+…$/);
  assert.ok(Buffer.byteLength(note) <= 1_024 && Buffer.byteLength(note) > 1_018);
});

test("a passing failure is tried again, another one is given up", async () => {
  let failures = 1;
  const passing = scene(() => (failures-- > 0 ? new ApiError("later", { code: 503 }) : undefined));
  passing.recorder.record(configMaps, configMap("a"), started);
  await passing.recorder.flush();
  assert.equal(passing.created.length, 1);
  assert.deepEqual(passing.dropped, []);

  const lasting = scene(() => new ApiError("no", { code: 403, reason: "Forbidden" }));
  lasting.recorder.record(configMaps, configMap("a"), started);
  await lasting.recorder.flush();
  assert.deepEqual(lasting.dropped, ["failed"]);
});

test("a stop does not wait for a server that does not answer", async () => {
  const { recorder } = scene(() => new ApiError("no answer", { code: 0 }));
  for (let index = 0; index < 20; index += 1) recorder.record(configMaps, configMap(`a${index}`), started);
  const startedAt = performance.now();
  await recorder.stop(50);
  assert.ok(performance.now() - startedAt < 1_000);
});
