import assert from "node:assert/strict";
import { test } from "node:test";
import { wrongData } from "./result-data.ts";

const schema = JSON.stringify({
  type: "object",
  properties: {
    risk: { enum: ["low", "high"] },
    files: { type: "array", items: { type: "string" } },
    count: { type: ["integer", "null"] },
    kind: { const: "review" },
  },
  required: ["risk"],
  additionalProperties: false,
});

const WRONG: [what: string, data: unknown, says: RegExp | undefined][] = [
  ["what the schema asks for", { risk: "low", files: ["a"], count: null, kind: "review" }, undefined],
  ["nothing", undefined, /^the agent gave no result/],
  ["text", "low", /: it is no object$/],
  ["less than is required", {}, /: it has no risk$/],
  ["a word that is not listed", { risk: "medium" }, /: \.risk is none of the values of its enum$/],
  ["a wrong item", { risk: "low", files: ["a", 1] }, /: \.files\[1\] is no string$/],
  ["no whole number", { risk: "low", count: 1.5 }, /: \.count is no integer or null$/],
  ["another constant", { risk: "low", kind: "x" }, /: \.kind is not its const$/],
  ["more than there may be", { risk: "low", __proto__x: 1 }, /: it has __proto__x, which is none/],
  ["too much", { risk: "low", files: ["é".repeat(9000)] }, /more than 16 KiB$/],
];

for (const [what, data, says] of WRONG)
  test(`a result of ${what} is ${says ? "refused" : "taken"}`, () => {
    const found = wrongData(schema, { data });
    if (says) assert.match(found ?? "", says);
    else assert.equal(found, undefined);
  });
