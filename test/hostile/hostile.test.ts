import assert from "node:assert/strict";
import { test } from "node:test";
import { attack, numbersOf, readTables } from "./attack.ts";
import { caseTable, createRandom, inputTable } from "./table.ts";

/** What CI tries of each table; `npm run test:hostile` tries all. */
const SAMPLE = { all: false, seed: 1 };

for (const table of await readTables()) {
  test(`${table.name} (a sample)`, { timeout: 60_000 }, async () => {
    assert.deepEqual(await attack(table, SAMPLE), [], table.never);
  });
}

test("a sample is spread over the whole table", () => {
  const table = caseTable({
    name: "t",
    kind: "agent",
    never: "n",
    sample: 4,
    cases: Array.from({ length: 10 }, (_, index) => ({ name: String(index), make: async () => {} })),
    judge: async () => [],
  });
  assert.deepEqual(numbersOf(table, false), [0, 2, 5, 7]);
  assert.equal(numbersOf(table, true).length, 10);
});

test("a seed decides what is generated", () => {
  const words = (seed: number): string => createRandom(seed).text(["a", "b", "c", "d"], 20, 20);
  assert.equal(words(7), words(7));
  assert.notEqual(words(7), words(8));
});

test("a broken promise is reported by its number, and so is an attack that fails or never ends", async () => {
  const inputs = {
    name: "t",
    never: "n",
    count: 2,
    sample: 2,
    generate: (_: unknown, number: number) => number,
  };
  const judged = inputTable({ ...inputs, judge: async (all) => all.map((each) => `\u001b[31m${each}`) });
  const failing = inputTable({ ...inputs, judge: () => Promise.reject(new Error("gone")) });
  assert.deepEqual(await attack(judged, SAMPLE), ["0-1: \\u001b[31m0", "0-1: \\u001b[31m1"]);
  const endless = { ...judged, batchSeconds: 0.1, attack: () => new Promise<string[]>(() => {}) };
  assert.deepEqual(await attack(endless, SAMPLE), ["0-1: no answer within 0.1 s"]);
  assert.deepEqual(await attack(failing, SAMPLE), ["0-1: ended with an error: gone"]);
});
