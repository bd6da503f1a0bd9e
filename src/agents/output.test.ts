import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCost, lastWordsOf } from "./output.ts";

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

test("what an agent said last is told without colours and without what is in its own form", () => {
  const tail = '{"type":"a"}\n\u001b[91mError:\u001b[0m bad \u0007key\n\n  at line 1\n{"type":"b"}\n';
  assert.equal(lastWordsOf(tail, "x ended early"), "x ended early: Error: bad key at line 1");
  assert.equal(lastWordsOf('{"type":"a"}\n', "x ended early"), "x ended early; see the agent's log");
  assert.equal(lastWordsOf("y".repeat(5000), "x").length, 1003);
});
