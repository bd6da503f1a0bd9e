import assert from "node:assert/strict";
import { test } from "node:test";
import { columnValue, evaluateJsonPath, parseJsonPath } from "./jsonpath.ts";

const OBJECT = {
  metadata: { name: "a", labels: { "example.com/x": "y" } },
  spec: { count: 3, items: [{ name: "a" }, { name: "b" }] },
  status: {
    ready: true,
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Failed", status: "False" },
    ],
  },
};

const found: [string, unknown[]][] = [
  [".metadata.name", ["a"]],
  ["{.metadata.name}", ["a"]],
  [".metadata.labels['example.com/x']", ["y"]],
  [".metadata.labels.example\\.com/x", ["y"]],
  [".spec.items[1].name", ["b"]],
  [".spec.items[-1].name", ["b"]],
  [".spec.items[*].name", ["a", "b"]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type != 'Ready')].status", ["False"]],
  [".spec.items[?(@.missing)].name", []],
  [".missing.deep", []],
  [".", [OBJECT]],
];
for (const [text, expected] of found) {
  test(`path ${text} finds ${expected.length} values`, () => {
    const { value, error } = parseJsonPath(text);
    assert.equal(error, undefined);
    assert.deepEqual(evaluateJsonPath(value ?? [], OBJECT), expected);
  });
}

for (const text of ["a", ".a[", ".a[x]", "..a", ".a[?(x)]"]) {
  test(`path ${text} is refused`, () => assert.ok(parseJsonPath(text).error));
}

const cells: [string, string, unknown][] = [
  [".spec.count", "integer", 3],
  [".spec.count", "string", "3"],
  [".spec.count", "boolean", null],
  [".status.ready", "boolean", true],
  [".status.ready", "string", "true"],
  [".spec.items", "string", '[{"name":"a"},{"name":"b"}]'],
  [".missing", "string", null],
];
for (const [text, type, expected] of cells) {
  test(`the ${type} column ${text} is ${String(expected)}`, () => {
    assert.equal(columnValue(parseJsonPath(text).value ?? [], type, OBJECT), expected);
  });
}
