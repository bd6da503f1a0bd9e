import assert from "node:assert/strict";
import { test } from "node:test";
import { applyJsonPatch, parseJsonPatch } from "./json-patch.ts";
import { applyMergePatch, diffMergePatch } from "../../../kube/merge-patch.ts";

const jsonPatches: [string, unknown, unknown[], unknown][] = [
  [
    "test and add",
    { data: { n: "1" } },
    [
      { op: "test", path: "/data/n", value: "1" },
      { op: "add", path: "/data/m", value: "2" },
    ],
    { data: { n: "1", m: "2" } },
  ],
  [
    "array insert and append",
    { a: [1, 3] },
    [
      { op: "add", path: "/a/1", value: 2 },
      { op: "add", path: "/a/-", value: 4 },
    ],
    { a: [1, 2, 3, 4] },
  ],
  [
    "remove and replace",
    { a: [1, 2], b: 1 },
    [
      { op: "remove", path: "/a/0" },
      { op: "replace", path: "/b", value: null },
    ],
    { a: [2], b: null },
  ],
  [
    "move and copy",
    { a: { x: 1 } },
    [
      { op: "copy", from: "/a", path: "/b" },
      { op: "move", from: "/a/x", path: "/c" },
    ],
    { a: {}, b: { x: 1 }, c: 1 },
  ],
  [
    "escapes",
    { "a/b": { "c~d": 1 } },
    [{ op: "replace", path: "/a~1b/c~0d", value: 2 }],
    { "a/b": { "c~d": 2 } },
  ],
  ["negative index", { a: [1, 2] }, [{ op: "replace", path: "/a/-1", value: 9 }], { a: [1, 9] }],
];
for (const [name, document, patch, expected] of jsonPatches) {
  test(`JSON patch: ${name}`, () => {
    const before = structuredClone(document);
    const { value } = parseJsonPatch(patch);
    assert.deepEqual(applyJsonPatch(document, value ?? []), { value: expected });
    assert.deepEqual(document, before, "the document is not changed in place");
  });
}

for (const [name, operation] of [
  ["a failing test", { op: "test", path: "/a", value: "no" }],
  ["removing a missing key", { op: "remove", path: "/x" }],
  ["changing the whole document", { op: "add", path: "", value: {} }],
  ["a missing parent", { op: "add", path: "/x/y", value: 1 }],
  ["an index out of range", { op: "add", path: "/l/5", value: 1 }],
  ["an unknown operation", { op: "merge", path: "/a" }],
  ["a relative path", { op: "add", path: "a", value: 1 }],
  ["a move into itself", { op: "move", from: "/l", path: "/l/0" }],
] as const) {
  test(`JSON patch refuses ${name}`, () => {
    assert.ok(applyJsonPatch({ a: "1", l: [] }, [operation]).error);
  });
}

test("a body that is no JSON patch is a bad request", () => {
  assert.equal(
    parseJsonPatch({}).error,
    "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
  );
  assert.equal(
    parseJsonPatch([{ op: 1 }]).error,
    "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
  );
});

test("a patch cannot reach an object's prototype", () => {
  const { value } = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
  assert.deepEqual(Object.keys(value as object), ["__proto__"]);
  const merged = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'));
  assert.deepEqual(Object.keys(merged as object), ["__proto__"]);
  assert.equal((merged as { polluted?: boolean }).polluted, undefined);
});

const merges: [string, unknown, unknown, unknown][] = [
  ["null removes", { k: "v", n: "0" }, { k: null, n: "1" }, { n: "1" }],
  ["objects merge, lists replace", { a: { b: 1, c: [1] } }, { a: { c: [2] } }, { a: { b: 1, c: [2] } }],
  ["nulls in a new object vanish", {}, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
  ["a scalar becomes an object", { a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
];
for (const [name, target, patch, expected] of merges) {
  test(`merge patch: ${name}`, () => assert.deepEqual(applyMergePatch(target, patch), expected));
}

const diffs: [string, Record<string, unknown>, Record<string, unknown>, unknown][] = [
  ["equal objects need none", { a: { b: [1] } }, { a: { b: [1] } }, undefined],
  ["only what differs", { a: { b: 1, c: 2 }, d: 1 }, { a: { b: 1, c: 3 }, d: 1 }, { a: { c: 3 } }],
  ["a removed field is null", { a: 1, b: 2 }, { b: 2 }, { a: null }],
  ["an undefined field is absent", { a: 1 }, { a: undefined }, { a: null }],
  ["an undefined field that is not there", {}, { a: undefined }, undefined],
  ["a list is replaced whole", { a: [1, 2] }, { a: [1] }, { a: [1] }],
];
for (const [name, current, desired, expected] of diffs) {
  test(`merge patch diff: ${name}`, () => {
    const patch = diffMergePatch(current, desired);
    assert.deepEqual(patch, expected);
    if (patch)
      assert.equal(
        diffMergePatch(applyMergePatch(current, patch) as Record<string, unknown>, desired),
        undefined,
      );
  });
}
