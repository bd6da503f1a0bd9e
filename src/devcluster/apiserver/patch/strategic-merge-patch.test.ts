import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../../kube/json.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const pod = (containers: unknown, more: JsonObject = {}): JsonObject => ({ spec: { containers, ...more } });

const patches: [string, string, JsonObject, JsonObject, JsonObject][] = [
  [
    "a container is merged by name",
    "Pod",
    pod([{ name: "a", image: "x", env: [{ name: "E", value: "1" }] }, { name: "b" }]),
    pod([{ name: "a", env: [{ name: "F", value: "2" }] }]),
    pod([
      {
        name: "a",
        image: "x",
        env: [
          { name: "F", value: "2" },
          { name: "E", value: "1" },
        ],
      },
      { name: "b" },
    ]),
  ],
  [
    "a new container comes first",
    "Pod",
    pod([{ name: "a" }]),
    pod([{ name: "b", image: null }]),
    pod([{ name: "b" }, { name: "a" }]),
  ],
  [
    "mounts are merged by path",
    "Job",
    {
      spec: {
        template: { spec: { containers: [{ name: "a", volumeMounts: [{ name: "v", mountPath: "/v" }] }] } },
      },
    },
    {
      spec: {
        template: {
          spec: { containers: [{ name: "a", volumeMounts: [{ mountPath: "/v", readOnly: true }] }] },
        },
      },
    },
    {
      spec: {
        template: {
          spec: {
            containers: [{ name: "a", volumeMounts: [{ name: "v", mountPath: "/v", readOnly: true }] }],
          },
        },
      },
    },
  ],
  [
    "a list element is deleted",
    "Pod",
    pod([{ name: "a" }, { name: "b" }]),
    pod([{ $patch: "delete", name: "a" }]),
    pod([{ name: "b" }]),
  ],
  [
    "a list is replaced on demand",
    "Pod",
    pod([{ name: "a", image: "x" }]),
    pod([{ $patch: "replace" }, { name: "c" }]),
    pod([{ name: "c" }]),
  ],
  [
    "a map is replaced on demand",
    "Deployment",
    { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } },
    { spec: { strategy: { $patch: "replace", type: "Recreate" } } },
    { spec: { strategy: { type: "Recreate" } } },
  ],
  [
    "retainKeys drops the rest",
    "Deployment",
    { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } },
    { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } },
    { spec: { strategy: { type: "Recreate" } } },
  ],
  [
    "a volume's source is swapped as kubectl does",
    "Pod",
    pod([], { volumes: [{ name: "v", emptyDir: {} }] }),
    pod([], { volumes: [{ $retainKeys: ["name", "configMap"], name: "v", configMap: { name: "c" } }] }),
    pod([], { volumes: [{ name: "v", configMap: { name: "c" } }] }),
  ],
  [
    "setElementOrder orders without a patch list",
    "Pod",
    pod([{ name: "a" }, { name: "b" }, { name: "c" }]),
    { spec: { "$setElementOrder/containers": [{ name: "c" }, { name: "a" }] } },
    pod([{ name: "b" }, { name: "c" }, { name: "a" }]),
  ],
  [
    "setElementOrder orders what it merges",
    "Pod",
    pod([{ name: "a" }, { name: "b" }]),
    {
      spec: {
        "$setElementOrder/containers": [{ name: "b" }, { name: "n" }, { name: "a" }],
        containers: [{ name: "n", image: "i" }],
      },
    },
    pod([{ name: "b" }, { name: "n", image: "i" }, { name: "a" }]),
  ],
  [
    "tolerations are one unit",
    "Pod",
    pod([], { tolerations: [{ key: "a" }] }),
    { spec: { tolerations: [{ key: "b" }] } },
    pod([], { tolerations: [{ key: "b" }] }),
  ],
  [
    "finalizers are a set",
    "ConfigMap",
    { metadata: { finalizers: ["a/x", "b/x"] } },
    { metadata: { finalizers: ["c/x"] } },
    { metadata: { finalizers: ["c/x", "a/x", "b/x"] } },
  ],
  [
    "one finalizer is taken away",
    "ConfigMap",
    { metadata: { finalizers: ["a/x", "b/x"] } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["a/x"] } },
    { metadata: { finalizers: ["b/x"] } },
  ],
  [
    "owners are merged by uid",
    "Secret",
    { metadata: { ownerReferences: [{ uid: "1", name: "a" }] } },
    { metadata: { ownerReferences: [{ uid: "2", name: "b" }] } },
    {
      metadata: {
        ownerReferences: [
          { uid: "2", name: "b" },
          { uid: "1", name: "a" },
        ],
      },
    },
  ],
  [
    "conditions are merged by type",
    "Job",
    { status: { conditions: [{ type: "A", status: "True" }] } },
    {
      status: {
        conditions: [
          { type: "B", status: "True" },
          { type: "A", status: "False" },
        ],
      },
    },
    {
      status: {
        conditions: [
          { type: "B", status: "True" },
          { type: "A", status: "False" },
        ],
      },
    },
  ],
  [
    "null removes a field, an unmatched null is nothing",
    "Secret",
    { data: { a: "1", b: "2" } },
    { data: { a: null, c: null } },
    { data: { b: "2" } },
  ],
  [
    "a list of a kind that nobody declared is replaced",
    "Unknown",
    { spec: { items: [{ name: "a" }] } },
    { spec: { items: [{ name: "b" }] } },
    { spec: { items: [{ name: "b" }] } },
  ],
];
for (const [name, kind, current, patch, expected] of patches) {
  test(name, () => {
    const before = structuredClone(current);
    assert.deepEqual(applyStrategicMergePatch(kind, current, patch), { value: expected });
    assert.deepEqual(current, before, "nothing is changed in place");
  });
}

for (const [name, patch, error] of [
  [
    "an element without its key",
    pod([{ image: "x" }]),
    'map: {"image":"x"} does not contain declared merge key: name',
  ],
  [
    "an unknown directive",
    { spec: { $patch: "explode" } },
    'unknown patch type: explode in map: {"$patch":"explode"}',
  ],
  [
    "a key that retainKeys does not keep",
    { spec: { $retainKeys: ["a"], b: 1 } },
    "invalid patch format of retainKeys",
  ],
  [
    "an order that is no list",
    { spec: { "$setElementOrder/containers": {} } },
    "expected a slice, but received a map",
  ],
] as const) {
  test(`refuses ${name}`, () =>
    assert.deepEqual(applyStrategicMergePatch("Pod", pod([{ name: "a" }]), patch), { error }));
}
