import assert from "node:assert/strict";
import { test } from "node:test";
import { podMetadata, podSpecFields } from "./pod-fields.ts";
import { oneNode } from "./workspace-pod.ts";

test("the operator's own labels win over the user's", () => {
  assert.deepEqual(podMetadata({ a: "own" }, { labels: { a: "x", team: "b" }, annotations: { c: "d" } }), {
    labels: { a: "own", team: "b" },
    annotations: { c: "d" },
  });
  assert.deepEqual(podMetadata({ a: "own" }), { labels: { a: "own" } });
});

test("an affinity of the user's and that of a workspace on one node hold both", () => {
  const own = oneNode({ name: "ws", accessMode: "ReadWriteOnce" });
  const required = own.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  assert.equal(required.length, 1);
  const theirs = { topologyKey: "zone" };
  const affinity = {
    nodeAffinity: { a: 1 },
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [theirs],
      preferredDuringSchedulingIgnoredDuringExecution: [],
    },
  };
  assert.deepEqual(podSpecFields({ affinity }, own).affinity, {
    nodeAffinity: { a: 1 },
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [theirs, ...required],
      preferredDuringSchedulingIgnoredDuringExecution: [],
    },
  });
  assert.deepEqual(podSpecFields({ affinity }).affinity, affinity);
  assert.deepEqual(podSpecFields({}, own), own);
  assert.deepEqual(podSpecFields({ dnsPolicy: "None", dnsConfig: { nameservers: ["10.0.0.2"] } }), {
    dnsPolicy: "None",
    dnsConfig: { nameservers: ["10.0.0.2"] },
  });
});
