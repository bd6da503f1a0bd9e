import assert from "node:assert/strict";
import { test } from "node:test";
import { humanDuration } from "./human-time.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const durations: readonly [milliseconds: number, shown: string][] = [
  [-5 * SECOND, "<invalid>"],
  [-500, "0s"],
  [0, "0s"],
  [119 * SECOND, "119s"],
  [120 * SECOND, "2m"],
  [3 * MINUTE + 20 * SECOND, "3m20s"],
  [10 * MINUTE + 20 * SECOND, "10m"],
  [179 * MINUTE, "179m"],
  [3 * HOUR, "3h"],
  [7 * HOUR + 5 * MINUTE, "7h5m"],
  [47 * HOUR, "47h"],
  [2 * DAY, "2d"],
  [7 * DAY + 3 * HOUR, "7d3h"],
  [8 * DAY + 3 * HOUR, "8d"],
  [729 * DAY, "729d"],
  [730 * DAY, "2y"],
  [800 * DAY, "2y70d"],
  [10 * 365 * DAY, "10y"],
];

for (const [milliseconds, shown] of durations) {
  test(`${milliseconds} ms are shown as ${shown}`, () => {
    assert.equal(humanDuration(milliseconds), shown);
  });
}
