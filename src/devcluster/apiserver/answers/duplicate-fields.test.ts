import assert from "node:assert/strict";
import { test } from "node:test";
import { duplicateFields } from "./duplicate-fields.ts";

const texts: readonly [text: string, paths: string[]][] = [
  ['{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}', []],
  ['{"a":1,"b":2,"a":3,"a":4}', ["a"]],
  ['{"spec":{"list":[{"x":1},{"x":1,"y":[],"x":2}]}}', ["spec.list[1].x"]],
  ['{"a":"\\"a\\":{","b":"a","c":["a","a"]}', []],
  ['{"a":{"b":1,"b":2},"a":{"b":3}}', ["a.b", "a"]],
  ["[[[", []],
  ["", []],
];
for (const [text, paths] of texts) {
  test(`${text || "nothing"}: ${paths.join(", ") || "no duplicates"}`, () => {
    assert.deepEqual(duplicateFields(text), paths);
  });
}
