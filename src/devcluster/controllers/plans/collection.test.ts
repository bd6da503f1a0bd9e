import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject, ObjectMeta, OwnerReference } from "../../../kube/objects.ts";
import { judgeDependent, judgeOwner, ownerState, withoutOwners, type OwnerState } from "./collection.ts";

function ref(uid: string, blockOwnerDeletion = false): OwnerReference {
  return { apiVersion: "v1", kind: "ConfigMap", name: uid, uid, blockOwnerDeletion };
}

function anObject(metadata: ObjectMeta): KubeObject {
  return { metadata: { name: "o", uid: "o", resourceVersion: "7", ...metadata } };
}

function judge(states: Record<string, OwnerState>, hasDependents = false) {
  const ownerReferences = Object.keys(states).map((uid) => ref(uid));
  return judgeDependent(anObject({ ownerReferences }), ({ uid }) => states[uid] ?? "gone", hasDependents);
}

test("an object stays while an owner is there, and goes with the last one", () => {
  assert.deepEqual(judge({}), {});
  assert.deepEqual(judge({ a: "there" }), {});
  assert.deepEqual(judge({ a: "gone" }), { remove: "Background" });
  assert.deepEqual(judge({ a: "gone", b: "there" }).patch?.metadata, {
    ownerReferences: [ref("b")],
    uid: "o",
    resourceVersion: "7",
  });
});

test("who is waited for goes after its own dependents", () => {
  assert.deepEqual(judge({ a: "waiting", b: "gone" }, true), { remove: "Foreground" });
  assert.deepEqual(judge({ a: "waiting" }, false), { remove: "Background" });
});

test("only the foreground deletion of an owner that is blocked makes a dependent wait for", () => {
  const going = anObject({ deletionTimestamp: "t", finalizers: ["foregroundDeletion"] });
  assert.equal(ownerState(going, ref("o", true)), "waiting");
  assert.equal(ownerState(going, ref("o")), "there");
  assert.equal(ownerState(anObject({ deletionTimestamp: "t", finalizers: ["x"] }), ref("o", true)), "there");
});

test("the last owner leaves no empty list", () => {
  const dependent = anObject({ ownerReferences: [ref("a")] });
  assert.equal(withoutOwners(dependent, new Set(["a"])).metadata["ownerReferences"], null);
});

test("foreground deletion waits for what blocks it", () => {
  const owner = anObject({ finalizers: ["foregroundDeletion", "x"] });
  const blocking = anObject({ uid: "d", ownerReferences: [ref("o", true)] });
  assert.deepEqual(judgeOwner(owner, [blocking]), { orphans: false, collects: true });
  const free = judgeOwner(owner, [anObject({ uid: "d", ownerReferences: [ref("o")] })]);
  assert.deepEqual(free.patch?.metadata["finalizers"], ["x"]);
});

test("orphaning lets go when the dependents have lost their owner; other deletions wait for nothing", () => {
  const orphaning = judgeOwner(anObject({ finalizers: ["orphan"] }), []);
  assert.deepEqual([orphaning.orphans, orphaning.patch?.metadata["finalizers"]], [true, null]);
  assert.deepEqual(judgeOwner(anObject({ finalizers: ["x"] }), []), { orphans: false, collects: false });
});
