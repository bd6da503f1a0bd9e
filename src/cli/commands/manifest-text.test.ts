import assert from "node:assert/strict";
import { test } from "node:test";
import { objectsIn } from "./manifest-text.ts";

/** What sigs.k8s.io/yaml makes of each. */
const READ: [text: string, value: unknown][] = [
  ["on: [A]", { true: ["A"] }],
  ["a: yes", { a: true }],
  ["a: n", { a: false }],
  ["a: 'on'", { a: "on" }],
  ["a: 010", { a: 8 }],
  ["a: 0x1F", { a: 31 }],
  ["a: 1:30", { a: "1:30" }],
  ["a: 2026-01-02", { a: "2026-01-02" }],
  ["b: &x { c: 1 }\na:\n  <<: *x", { b: { c: 1 }, a: { c: 1 } }],
  ["a: ~", { a: null }],
  ['{"a": "yes"}', { a: "yes" }],
];

for (const [text, value] of READ) {
  test(`${JSON.stringify(text)} is read as kubectl reads it`, () => {
    assert.deepEqual(objectsIn(text, "f"), [value]);
  });
}

test("documents and Lists are taken apart", () => {
  const text =
    "a: 1\n---\n# nothing\n---\nkind: List\nitems: [{ a: 2 }, { kind: List, items: [{ a: 3 }] }]\n";
  assert.deepEqual(objectsIn(text, "f"), [{ a: 1 }, { a: 2 }, { a: 3 }]);
});

test("what is no YAML is refused with its file and line, and without the line's text", () => {
  assert.throws(
    () => objectsIn("a: 1\nb: {secret", "runs.yaml"),
    (error: Error) => {
      assert.match(error.message, /^runs\.yaml is no valid YAML at line [23] \([A-Z_]+\)$/);
      return true;
    },
  );
});
