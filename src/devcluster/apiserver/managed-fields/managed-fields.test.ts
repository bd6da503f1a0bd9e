import assert from "node:assert/strict";
import { test } from "node:test";
import { isObject, type JsonObject } from "../../../kube/json.ts";
import { readSchema } from "../../../kube/schema/node.ts";
import { applyConfiguration, conflictStatus, trackUpdate, type ApplyResult, type Writer } from "./apply.ts";
import { fromFieldsV1, toFieldsV1 } from "./field-set.ts";
import { atomicType, fieldTypeOf, listOf, mapOf, objectMetaType, structOf, untyped } from "./field-type.ts";

const NOW = "2026-11-22T09:11:34Z";
const LATER = "2026-11-22T09:12:00Z";

function entries(object: JsonObject): unknown {
  const { metadata } = object;
  return isObject(metadata) ? metadata["managedFields"] : undefined;
}

const configMapType = structOf({ metadata: objectMetaType, data: mapOf(untyped), immutable: untyped });
const configMap = { type: configMapType, apiVersion: "v1", manager: "", now: NOW };

test("a create owns what the request sets, as recorded", () => {
  const created = trackUpdate(
    { metadata: {} },
    {
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name: "a", labels: { app: "x", tier: "web" } },
      data: { k: "v" },
    },
    configMap,
  );
  assert.deepEqual(entries(created), [
    {
      manager: "unknown",
      operation: "Update",
      apiVersion: "v1",
      time: NOW,
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:data": { ".": {}, "f:k": {} },
        "f:metadata": { "f:labels": { ".": {}, "f:app": {}, "f:tier": {} } },
      },
    },
  ]);
});

test("an object that sets nothing has no managedFields", () => {
  assert.equal(
    entries(
      trackUpdate(
        { metadata: {} },
        { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "u0" } },
        configMap,
      ),
    ),
    undefined,
  );
});

const stored = (data: JsonObject): JsonObject =>
  trackUpdate(
    { metadata: {} },
    { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "a", uid: "1", labels: { app: "x" } }, data },
    configMap,
  );

test("an update gives up what it removes and keeps its time where nothing changed", () => {
  const before = stored({ k: "v" });
  const patched = trackUpdate(before, { ...before, data: { n: "1" } }, { ...configMap, now: LATER });
  assert.deepEqual(entries(patched), [
    {
      manager: "unknown",
      operation: "Update",
      apiVersion: "v1",
      time: LATER,
      fieldsType: "FieldsV1",
      fieldsV1: { "f:data": { ".": {}, "f:n": {} }, "f:metadata": { "f:labels": { ".": {}, "f:app": {} } } },
    },
  ]);
  assert.deepEqual(
    entries(trackUpdate(before, { ...before }, { ...configMap, now: LATER })),
    entries(before),
  );
});

test("another manager takes over what it changes", () => {
  const before = stored({ a: "1", b: "1" });
  const after = trackUpdate(
    before,
    { ...before, data: { a: "2", b: "1", c: "3" } },
    { ...configMap, manager: "kubectl-edit", now: LATER },
  );
  assert.deepEqual(entries(after), [
    {
      manager: "unknown",
      operation: "Update",
      apiVersion: "v1",
      time: NOW,
      fieldsType: "FieldsV1",
      fieldsV1: { "f:data": { ".": {}, "f:b": {} }, "f:metadata": { "f:labels": { ".": {}, "f:app": {} } } },
    },
    {
      manager: "kubectl-edit",
      operation: "Update",
      apiVersion: "v1",
      time: LATER,
      fieldsType: "FieldsV1",
      fieldsV1: { "f:data": { "f:a": {}, "f:c": {} } },
    },
  ]);
});

test("an object without owners stays without, and an empty list resets them", () => {
  const bare: JsonObject = { metadata: { name: "a", uid: "1" }, data: { k: "v" } };
  assert.equal(entries(trackUpdate(bare, { ...bare, data: { k: "w" } }, configMap)), undefined);
  const owned = stored({ k: "v" });
  assert.equal(
    entries(
      trackUpdate(owned, { ...owned, metadata: { name: "a", uid: "1", managedFields: [{}] } }, configMap),
    ),
    undefined,
  );
});

test("fields that Go always writes are owned without their parent, as recorded for a Job", () => {
  const container = structOf({
    name: untyped,
    image: untyped,
    command: untyped,
    resources: structOf({ requests: mapOf(untyped) }),
  });
  const podSpec = structOf({
    containers: listOf({ type: "map", keys: ["name"] }, container),
    restartPolicy: untyped,
    securityContext: structOf({}),
  });
  const type = structOf({
    metadata: objectMetaType,
    spec: structOf({ suspend: untyped, template: structOf({ metadata: objectMetaType, spec: podSpec }) }),
  });
  const zero = { metadata: {}, spec: { template: { metadata: {}, spec: { containers: null } } }, status: {} };
  const job = {
    metadata: { name: "j" },
    spec: {
      suspend: false,
      template: {
        metadata: {},
        spec: {
          containers: [{ name: "main", image: "busybox", command: ["true"], resources: {} }],
          restartPolicy: "Never",
          securityContext: {},
        },
      },
    },
    status: {},
  };
  const [entry] = entries(
    trackUpdate(zero, job, { type, apiVersion: "batch/v1", manager: "", now: NOW }),
  ) as { fieldsV1: unknown }[];
  assert.deepEqual(entry?.fieldsV1, {
    "f:spec": {
      "f:suspend": {},
      "f:template": {
        "f:spec": {
          "f:containers": {
            'k:{"name":"main"}': { ".": {}, "f:command": {}, "f:image": {}, "f:name": {}, "f:resources": {} },
          },
          "f:restartPolicy": {},
          "f:securityContext": {},
        },
      },
    },
  });
});

const widgetNode = readSchema({
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        size: { type: "string" },
        count: { type: "integer", default: 3 },
        tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
        plain: { type: "array", items: { type: "string" } },
        labels: { type: "object", additionalProperties: { type: "string" } },
        ports: {
          type: "array",
          items: { type: "object", properties: { name: { type: "string" }, port: { type: "integer" } } },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
        },
      },
    },
    status: { type: "object", properties: { phase: { type: "string" } } },
  },
});
const notStatus = (field: string): boolean => field !== "status";
const onlyStatus = (field: string): boolean => field === "status";
const widget: Omit<Writer, "manager"> = {
  type: fieldTypeOf(widgetNode, true),
  apiVersion: "demo.example.com/v1",
  now: NOW,
  writes: notStatus,
};
const EMPTY: JsonObject = { apiVersion: "demo.example.com/v1", kind: "Widget" };
const config = (spec: JsonObject): JsonObject => ({ ...EMPTY, metadata: { name: "ssa" }, spec });
const apply = (live: JsonObject, manager: string, spec: JsonObject, force = false): ApplyResult =>
  applyConfiguration(live, config(spec), { ...widget, manager, force });
const applied = (live: JsonObject, manager: string, spec: JsonObject, force = false): JsonObject => {
  const { object } = apply(live, manager, spec, force);
  assert.ok(object);
  return object;
};
const entry = (manager: string, fieldsV1: unknown): unknown => ({
  manager,
  operation: "Apply",
  apiVersion: "demo.example.com/v1",
  time: NOW,
  fieldsType: "FieldsV1",
  fieldsV1,
});
const HTTP = 'k:{"name":"http"}';

test("apply, share, conflict, force and remove, as recorded", () => {
  const created = applied(EMPTY, "m1", { size: "small", ports: [{ name: "http", port: 8080 }] });
  const first = entry("m1", {
    "f:spec": { "f:ports": { [HTTP]: { ".": {}, "f:name": {}, "f:port": {} } }, "f:size": {} },
  });
  assert.deepEqual(entries(created), [first]);
  const shared = applied(created, "m2", { size: "small", ports: [{ name: "https", port: 8443 }] });
  assert.deepEqual(entries(shared), [
    first,
    entry("m2", {
      "f:spec": {
        "f:ports": { 'k:{"name":"https"}': { ".": {}, "f:name": {}, "f:port": {} } },
        "f:size": {},
      },
    }),
  ]);
  assert.deepEqual(shared["spec"], {
    size: "small",
    ports: [
      { name: "http", port: 8080 },
      { name: "https", port: 8443 },
    ],
  });

  const { conflicts } = apply(shared, "m2", { size: "small", ports: [{ name: "http", port: 1 }] });
  assert.ok(conflicts);
  assert.deepEqual(conflictStatus(conflicts), {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: 'Apply failed with 1 conflict: conflict with "m1": .spec.ports[name="http"].port',
    reason: "Conflict",
    details: {
      causes: [
        {
          reason: "FieldManagerConflict",
          message: 'conflict with "m1"',
          field: '.spec.ports[name="http"].port',
        },
      ],
    },
    code: 409,
  });

  const forced = applied(shared, "m2", { size: "small", ports: [{ name: "http", port: 1 }] }, true);
  assert.deepEqual(forced["spec"], { size: "small", ports: [{ name: "http", port: 1 }] });
  assert.deepEqual(entries(forced), [
    entry("m1", { "f:spec": { "f:ports": { [HTTP]: { ".": {}, "f:name": {} } }, "f:size": {} } }),
    entry("m2", {
      "f:spec": { "f:ports": { [HTTP]: { ".": {}, "f:name": {}, "f:port": {} } }, "f:size": {} },
    }),
  ]);

  const given = applied(forced, "m1", { size: "small" });
  assert.deepEqual(given["spec"], { size: "small", ports: [{ name: "http", port: 1 }] });
  assert.deepEqual(entries(given), [
    entry("m1", { "f:spec": { "f:size": {} } }),
    entry("m2", {
      "f:spec": { "f:ports": { [HTTP]: { ".": {}, "f:name": {}, "f:port": {} } }, "f:size": {} },
    }),
  ]);
});

test("what nobody else owns goes with its last applier", () => {
  const created = applied(EMPTY, "m1", {
    size: "small",
    tags: ["a", "b"],
    labels: { x: "1", y: "2" },
    ports: [{ name: "http", port: 1 }],
  });
  const less = applied(created, "m1", { size: "small", tags: ["b"], labels: { y: "2" } });
  assert.deepEqual(less["spec"], { size: "small", tags: ["b"], labels: { y: "2" } });
});

test("what the server defaulted is not taken away", () => {
  const created = applied(EMPTY, "m1", { size: "small" });
  const defaulted = { ...created, spec: { size: "small", count: 3 } };
  assert.deepEqual(applied(defaulted, "m1", { size: "large" })["spec"], { size: "large", count: 3 });
});

test("an atomic list is owned and replaced whole", () => {
  const created = applied(EMPTY, "m1", { plain: ["a"] });
  assert.deepEqual(entries(created), [entry("m1", { "f:spec": { "f:plain": {} } })]);
  const { conflicts } = apply(created, "m2", { plain: ["a", "b"] });
  assert.deepEqual(conflicts, [{ owner: '"m1"', path: ".spec.plain" }]);
});

test("an updater is named with its version, several conflicts by manager", () => {
  const live = trackUpdate(
    EMPTY,
    { ...EMPTY, metadata: { name: "w" }, spec: { size: "small", count: 1 } },
    { ...widget, manager: "kubectl" },
  );
  const { conflicts } = apply(live, "m1", { size: "large", count: 2 });
  assert.ok(conflicts);
  assert.equal(
    conflictStatus(conflicts).message,
    'Apply failed with 2 conflicts: conflicts with "kubectl" using demo.example.com/v1:\n- .spec.count\n- .spec.size',
  );
});

test("the status endpoint owns only status, as an owner of its own", () => {
  const created = applied(EMPTY, "m1", { size: "small" });
  const withUid: JsonObject = { ...created, metadata: { ...(created["metadata"] as JsonObject), uid: "1" } };
  const after = trackUpdate(
    withUid,
    { ...withUid, spec: { size: "large" }, status: { phase: "Ok" } },
    { ...widget, manager: "ctl", subresource: "status", writes: onlyStatus },
  );
  assert.deepEqual(entries(after), [
    entry("m1", { "f:spec": { "f:size": {} } }),
    {
      manager: "ctl",
      operation: "Update",
      apiVersion: "demo.example.com/v1",
      time: NOW,
      fieldsType: "FieldsV1",
      fieldsV1: { "f:status": { ".": {}, "f:phase": {} } },
      subresource: "status",
    },
  ]);
});

test("the first apply to an object without owners leaves the rest to before-first-apply", () => {
  const live: JsonObject = { ...EMPTY, metadata: { name: "w", uid: "1" }, spec: { size: "small", count: 1 } };
  assert.deepEqual(entries(applied(live, "m1", { size: "small" })), [
    entry("m1", { "f:spec": { "f:size": {} } }),
    {
      manager: "before-first-apply",
      operation: "Update",
      apiVersion: "demo.example.com/v1",
      time: NOW,
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { ".": {}, "f:count": {}, "f:size": {} } },
    },
  ]);
});

test("the applier's order of list items wins", () => {
  const created = applied(EMPTY, "m1", { ports: [{ name: "a" }, { name: "b" }, { name: "c" }] });
  const reordered = applied(created, "m2", { ports: [{ name: "c" }, { name: "d" }, { name: "a" }] });
  const names = ((reordered["spec"] as JsonObject)["ports"] as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(names, ["b", "c", "d", "a"]);
});

test("never more than ten updaters", () => {
  let object: JsonObject = { metadata: { name: "a" }, data: {} };
  for (let index = 0; index < 15; index += 1) {
    const data = { ...(object["data"] as JsonObject), [`k${index}`]: "v" };
    const before = index === 0 ? { metadata: {} } : object;
    const now = `2026-11-22T09:11:${String(index).padStart(2, "0")}Z`;
    object = trackUpdate(
      before,
      { ...object, metadata: { ...(object["metadata"] as JsonObject), uid: "1" }, data },
      { ...configMap, manager: `m${index}`, now },
    );
  }
  const managers = (entries(object) as { manager: string }[]).map(({ manager }) => manager);
  assert.equal(managers.length, 10);
  assert.ok(managers.includes("ancient-changes"));
});

test("FieldsV1 is read and written without loss, and refused when malformed", () => {
  const fields = { "f:a": { ".": {}, "f:b": {}, 'k:{"name":"x"}': { ".": {} }, 'v:"y"': {}, "i:0": {} } };
  const set = fromFieldsV1(fields);
  assert.ok(set);
  assert.deepEqual(toFieldsV1(set), {
    "f:a": { ".": {}, "f:b": {}, 'k:{"name":"x"}': {}, 'v:"y"': {}, "i:0": {} },
  });
  for (const bad of [{ x: {} }, { "k:{": {} }, { "f:a": 1 }, [], { "i:x": {} }])
    assert.equal(fromFieldsV1(bad), undefined);
});

test("an atomic object is one field", () => {
  const type = structOf({ metadata: objectMetaType, spec: structOf({ selector: atomicType }) });
  const created = trackUpdate(
    { metadata: {}, spec: {} },
    { metadata: {}, spec: { selector: { matchLabels: { a: "b" } } } },
    { ...configMap, type },
  );
  assert.deepEqual((entries(created) as { fieldsV1: unknown }[])[0]?.fieldsV1, {
    "f:spec": { "f:selector": {} },
  });
});

test("kubectl's server-side apply follows its own client-side one without conflict", () => {
  const annotation = "kubectl.kubernetes.io/last-applied-configuration";
  const last = JSON.stringify(config({ size: "small", count: 1 }));
  const manifest: JsonObject = {
    ...EMPTY,
    metadata: { name: "ssa", annotations: { [annotation]: last } },
    spec: { size: "small", count: 1 },
  };
  const live = trackUpdate(EMPTY, manifest, { ...widget, manager: "kubectl-client-side-apply" });
  const next = applied(live, "kubectl", { size: "large" });
  assert.deepEqual(next["spec"], { size: "large", count: 1 });
  assert.deepEqual((next["metadata"] as JsonObject)["annotations"], {
    [annotation]: `${JSON.stringify(config({ size: "large" }))}\n`,
  });
  assert.ok(apply(live, "other", { size: "large" }).conflicts, "another manager still conflicts");
  const edited = trackUpdate(
    live,
    { ...live, spec: { size: "medium", count: 1 } },
    { ...widget, manager: "kubectl-edit" },
  );
  assert.ok(
    apply(edited, "kubectl", { size: "large" }).conflicts,
    "what someone changed since still conflicts",
  );
});

test("what Go always writes is nobody's when an apply creates the object", () => {
  const created = applied({ ...EMPTY, spec: { size: "" } }, "m1", { size: "small" });
  assert.deepEqual(entries(created), [entry("m1", { "f:spec": { "f:size": {} } })]);
});
