import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCost } from "./output.ts";

test("costs are decimal strings without exponent and trailing zeros", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [0.1 + 0.2, "0.3"],
    [1e-7, "0.0000001"],
    [12, "12"],
    [100, "100"],
    [0.026175, "0.026175"],
  ];
  for (const [dollars, text] of cases) assert.equal(formatCost(dollars), text);
});
