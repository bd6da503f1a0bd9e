import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createOmission } from "./omit.ts";

const read = createOmission(["spec", "list"]);

function omit(json: string): string {
  return read(Buffer.from(json));
}

describe("createOmission", () => {
  const cases: [string, unknown, unknown][] = [
    ["an object", { a: 1, spec: { b: [1, { c: "}" }] }, d: 2 }, { a: 1, spec: {}, d: 2 }],
    ["a list", { list: [[1], ["]"]], d: 2 }, { list: [], d: 2 }],
    ["a member deep inside", { a: [{ x: 1, spec: { y: 1 } }] }, { a: [{ x: 1, spec: {} }] }],
    ["several members", [{ spec: { a: 1 } }, { list: [2] }], [{ spec: {} }, { list: [] }]],
    ["values of other types", { spec: "text", list: null }, { spec: "text", list: null }],
    ["a longer name", { aspec: { b: 1 }, specs: [1] }, { aspec: { b: 1 }, specs: [1] }],
    ["a name that ends in an escaped quote", { 'x"spec': { b: 1 } }, { 'x"spec': { b: 1 } }],
    ["text that looks like a member", { a: ',"spec":{"b":1}' }, { a: ',"spec":{"b":1}' }],
    ["quotes and backslashes", { spec: { a: '"}\\"\\\\', 'b"\\': "\\" }, d: '\\"' }, { spec: {}, d: '\\"' }],
    ["an empty value", { spec: {}, list: [], d: 1 }, { spec: {}, list: [], d: 1 }],
  ];
  for (const [what, given, expected] of cases) {
    it(`leaves ${what} as it should be`, () => {
      assert.deepEqual(JSON.parse(omit(JSON.stringify(given))), expected);
    });
  }

  it("leaves text that is cut off for the parser to refuse", () => {
    for (const text of ['{"spec":{"a":"b', '{"spec":{"a":[1', '{"spec":{']) assert.equal(omit(text), text);
  });

  it("empties a long value again, also where only its beginning is the same", () => {
    const text = 'a script with "quotes" '.repeat(100);
    for (const more of ["", "", ",1", "]", ""]) {
      const given = { spec: [text, more], b: { list: [text, { more }] }, d: more };
      assert.deepEqual(JSON.parse(omit(JSON.stringify(given))), { spec: [], b: { list: [] }, d: more });
      assert.throws(() => JSON.parse(omit(JSON.stringify(given).slice(0, -10 - more.length))));
    }
  });

  it("changes nothing without names", () => {
    assert.equal(createOmission([])(Buffer.from('{"spec":{"a":1}}')), '{"spec":{"a":1}}');
  });

  it("empties the same as a walk of the parsed value would", () => {
    const strings = ["", '"', "\\", '\\"', "]}", '{"spec":[', ',"list":{', "ä\u2028", "\\\\"];
    const names = ["spec", "list", "a", 'x"spec', "spec\\"];
    // A fixed sequence (Numerical Recipes' generator), so that a failure can be repeated.
    let state = 7;
    const next = (bound: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const value = (depth: number): unknown => {
      const kind = next(depth > 4 ? 2 : 4);
      if (kind === 0) return strings[next(strings.length)];
      if (kind === 1) return next(2) === 0 ? null : next(1_000);
      if (kind === 2) return Array.from({ length: next(4) }, () => value(depth + 1));
      return Object.fromEntries(
        Array.from({ length: next(5) }, () => [names[next(names.length)], value(depth + 1)]),
      );
    };
    for (let round = 0; round < 2_000; round += 1) {
      const given = value(0);
      assert.deepEqual(JSON.parse(omit(JSON.stringify(given))), walk(given));
    }
  });
});

function walk(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(walk);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => {
      const isOmitted = (name === "spec" || name === "list") && typeof member === "object" && member !== null;
      return [name, isOmitted ? (Array.isArray(member) ? [] : {}) : walk(member)];
    }),
  );
}
