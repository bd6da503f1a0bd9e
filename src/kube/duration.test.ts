import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "./duration.ts";

const table: [string, number, string][] = [
  ["90s", 90, "1m30s"],
  ["1h30m", 5400, "1h30m0s"],
  ["1h", 3600, "1h0m0s"],
  ["720h", 2_592_000, "720h0m0s"],
  ["0", 0, "0s"],
  ["1.5s", 1.5, "1.5s"],
  ["100ms", 0.1, "100ms"],
  ["-30m", -1800, "-30m0s"],
  ["1m1s1ms", 61.001, "1m1.001s"],
  ["2us", 2e-6, "2µs"],
  ["5ns", 5e-9, "5ns"],
  [".5h", 1800, "30m0s"],
];
for (const [text, seconds, printed] of table) {
  test(`duration ${text} is ${seconds} s and prints as ${printed}`, () => {
    const parsed = parseDuration(text);
    assert.ok(parsed !== undefined && Math.abs(parsed - seconds) < 1e-12);
    assert.equal(formatDuration(parsed), printed);
  });
}

for (const text of ["", "5", "s", "1d", "1h 30m", "1h-30m", "1 h", "h1", "1..5s", "9999999h"]) {
  test(`"${text}" is no duration`, () => assert.equal(parseDuration(text), undefined));
}
