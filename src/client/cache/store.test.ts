import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../kube/objects.ts";
import { byOwnerUid } from "./reflector.ts";
import { IndexedStore } from "./store.ts";

function object(namespace: string, name: string, ...owners: string[]): KubeObject {
  const ownerReferences = owners.map((uid) => ({ apiVersion: "v1", kind: "Pod", name: uid, uid }));
  return { metadata: { namespace, name, ownerReferences } };
}

function names(objects: Iterable<KubeObject>): string[] {
  return [...objects].map((each) => each.metadata.name ?? "").sort();
}

test("an index follows every change of an object", () => {
  const store = new IndexedStore({ owner: byOwnerUid });
  store.set(object("n", "a", "one"));
  store.set(object("n", "b", "one"));
  store.set(object("m", "c", "one", "two"));
  assert.deepEqual(names(store.by("owner", "one")), ["a", "b", "c"]);
  store.set(object("n", "a", "two"));
  assert.deepEqual(names(store.by("owner", "one")), ["b", "c"]);
  assert.deepEqual(names(store.by("owner", "two")), ["a", "c"]);
  store.delete("m/c");
  store.delete("n/b");
  assert.deepEqual(names(store.by("owner", "one")), []);
  assert.deepEqual(names(store.by("owner", "two")), ["a"]);
});

test("objects are found by namespace", () => {
  const store = new IndexedStore();
  store.set(object("n", "a"));
  store.set(object("n", "b"));
  store.set(object("m", "c"));
  assert.deepEqual(names(store.list("n")), ["a", "b"]);
  store.delete("n/a");
  assert.deepEqual(names(store.list("n")), ["b"]);
  assert.deepEqual(names(store.list()), ["b", "c"]);
});

test("asking an index that nobody declared is a mistake and says so", () => {
  assert.throws(() => [...new IndexedStore().by("owner", "x")], /no index "owner"/);
});
