import assert from "node:assert/strict";
import { test } from "node:test";
import { pods } from "../kube/builtin.ts";
import { coreEvent } from "./core-events.ts";

const now = new Date("2026-01-01T00:00:00.9Z");

test("an event names its object, the part of it and who says so", () => {
  const about = { metadata: { name: "p", namespace: "ns", uid: "u", resourceVersion: "7" } };
  const fieldPath = "spec.containers{c}";
  const telling = { type: "Normal", reason: "Started", message: "x".repeat(2000), fieldPath } as const;
  const event = coreEvent(pods, about, telling, { component: "kubelet", host: "n" }, "p.1", now);
  assert.deepEqual(event.metadata, { name: "p.1", namespace: "ns" });
  const { resourceVersion, uid, ...rest } = event.involvedObject;
  assert.deepEqual(rest, { apiVersion: "v1", kind: "Pod", namespace: "ns", name: "p", fieldPath });
  assert.deepEqual([resourceVersion, uid], ["7", "u"]);
  assert.deepEqual([event.source.component, event.reportingInstance], ["kubelet", "n"]);
  assert.deepEqual([event.count, event.firstTimestamp], [1, "2026-01-01T00:00:00Z"]);
  assert.equal(event.message.length, 1024);
});

test("an event about a cluster-scoped object stands in the namespace default", () => {
  const telling = { type: "Warning", reason: "R", message: "m" } as const;
  const event = coreEvent(pods, { metadata: { name: "n" } }, telling, { component: "c" }, "n.1", now);
  assert.equal(event.metadata.namespace, "default");
  assert.equal(event.involvedObject.namespace, undefined);
});
