import assert from "node:assert/strict";
import { test } from "node:test";
import { choice, integer, list, map, object, text, timestamp } from "./fields.ts";
import { fitToSchema } from "./fit.ts";
import { toStructuralSchema } from "./structural.ts";

const description = "Something.";
const word = text({ description, maxLength: 4 });
const schema = toStructuralSchema(
  object(
    {
      word: word.optional(),
      number: integer({ description, minimum: 0 }).optional(),
      kind: choice(["a", "b"], description).optional(),
      since: timestamp(description).optional(),
      code: text({ description, maxLength: 9, pattern: "^[0-9]+$" }).optional(),
      words: list(word, { description, maxItems: 2, type: "atomic" }).optional(),
      labels: map(word, { description, maxProperties: 1 }).optional(),
      pair: object({ left: word, right: word }, { description }).optional(),
    },
    { description },
  ),
);

const cases: [string, unknown, unknown][] = [
  ["what fits stays", { word: "four", number: 0, kind: "a" }, { word: "four", number: 0, kind: "a" }],
  ["text is cut and marked", { word: "fives" }, { word: "fiv…" }],
  ["text is counted in characters", { word: "🎉🎉🎉🎉" }, { word: "🎉🎉🎉🎉" }],
  ["text is never cut within a character", { word: "🎉🎉🎉🎉🎉" }, { word: "🎉🎉🎉…" }],
  ["a number out of its range is left out", { number: -1 }, {}],
  ["a number that is too wide is left out", { number: 2 ** 31 }, {}],
  ["a number that is no whole one is left out", { number: 1e300 }, {}],
  ["an unknown word is left out", { kind: "c" }, {}],
  ["a time that is none is left out", { since: "soon" }, {}],
  ["text of the wrong form is left out", { code: "12x" }, {}],
  ["a value of the wrong type is left out", { word: 4, words: "x" }, {}],
  ["an unknown field is left out", { other: 1 }, {}],
  ["lists are cut", { words: ["a", 1, "b", "c"] }, { words: ["a", "b"] }],
  ["maps are cut", { labels: { a: "x", b: "y" } }, { labels: { a: "x" } }],
  ["an object without what it needs is left out", { pair: { left: "a", right: 1 } }, {}],
];

for (const [what, value, fitted] of cases) {
  test(what, () => assert.deepEqual(fitToSchema(schema, value), fitted));
}
