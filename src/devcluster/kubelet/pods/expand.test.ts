import { expand } from "./expand.ts";

import assert from "node:assert/strict";
import { test } from "node:test";

const variables = new Map([
  ["A", "1"],
  ["EMPTY", ""],
  ["NESTED", "$(A)"],
]);

const cases: [input: string, output: string][] = [
  ["plain", "plain"],
  ["$(A)", "1"],
  ["x$(A)y$(A)", "x1y1"],
  ["$(EMPTY)", ""],
  ["$(MISSING)", "$(MISSING)"],
  ["$$(A)", "$(A)"],
  ["$$$(A)", "$1"],
  ["$$$$(A)", "$$(A)"],
  ["$A ${A} $", "$A ${A} $"],
  ["$(A", "$(A"],
  ["$(NESTED)", "$(A)"],
  ["$()", "$()"],
  ["cost: $$5", "cost: $5"],
  ["$(A$(A))", "$(A$(A))"],
];

for (const [input, output] of cases) {
  test(`${input} expands to ${output}`, () => {
    assert.equal(
      expand(input, (name) => variables.get(name)),
      output,
    );
  });
}
