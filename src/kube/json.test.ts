import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonEqual, nestsDeeperThan, withField, withoutField } from "./json.ts";

test("values are equal by what they hold", () => {
  assert.equal(jsonEqual({ a: [1, { b: null }], c: undefined }, { a: [1, { b: null }] }), true);
  assert.equal(jsonEqual({ a: 1, b: 2 }, { b: 2, a: 1 }), true);
  for (const [a, b] of [
    [{ a: 1 }, { a: 1, b: 2 }],
    [[1], [1, 2]],
    [{}, []],
    [null, {}],
    [{ toString: 1 }, {}],
    [{}, { constructor: 1 }],
  ]) {
    assert.equal(jsonEqual(a, b), false);
  }
});

test("fields are set and removed without touching the original", () => {
  const object = { a: 1 };
  assert.deepEqual(withField(object, "b", 2), { a: 1, b: 2 });
  assert.deepEqual(withoutField(object, "a"), {});
  assert.deepEqual(object, { a: 1 });
});

test("depth counts brackets outside strings", () => {
  assert.equal(nestsDeeperThan({ a: [1, { b: "[[[[[[" }] }, 3), false);
  assert.equal(nestsDeeperThan({ a: [1, { b: "[[[[[[" }] }, 2), true);
  assert.equal(nestsDeeperThan(JSON.parse("[".repeat(100_000) + "]".repeat(100_000)), 500), true);
});
