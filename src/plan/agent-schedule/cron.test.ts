import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cronTimes } from "./cron.ts";

/** The next times, as a user reads them. */
function nextOf(expression: string, after: string, count = 1, zone = "UTC"): string[] {
  const times = cronTimes(expression, zone);
  const found: string[] = [];
  for (let at = times.next(Date.parse(after)); at !== undefined && found.length < count; at = times.next(at))
    found.push(new Date(at).toISOString().replace(":00.000Z", "Z"));
  return found;
}

describe("the times of a cron expression", () => {
  // The first ones as the test of the parser that Kubernetes uses has them, without its seconds.
  const next: [expression: string, after: string, expected: string][] = [
    ["0/15 * * * *", "2012-07-09T14:45:00Z", "2012-07-09T15:00Z"],
    ["20-35/15 * * * *", "2012-07-09T15:45:00Z", "2012-07-09T16:20Z"],
    ["*/15 * * * *", "2012-07-09T23:46:00Z", "2012-07-10T00:00Z"],
    ["0 0 9 Apr-Oct ?", "2012-07-09T23:35:00Z", "2012-08-09T00:00Z"],
    ["0 0 */5 Apr,Aug,Oct Mon", "2012-07-09T23:35:00Z", "2012-08-06T00:00Z"],
    ["0 0 */5 Oct Mon", "2012-07-09T23:35:00Z", "2012-10-01T00:00Z"],
    ["0 0 * Feb Mon", "2012-07-09T23:35:00Z", "2013-02-04T00:00Z"],
    ["30 23 29 Feb ?", "2012-07-09T23:35:00Z", "2016-02-29T23:30Z"],
    ["0 0 1,15 * Sun", "2012-07-09T00:00:00Z", "2012-07-15T00:00Z"],
    ["0 0 1,15 * Sun", "2012-07-15T00:00:00Z", "2012-07-22T00:00Z"],
    ["0 0 */10 * Sun", "2012-07-09T00:00:00Z", "2012-10-21T00:00Z"],
    ["@hourly", "2012-07-09T15:00:01Z", "2012-07-09T16:00Z"],
    ["@weekly", "2012-07-09T15:00:00Z", "2012-07-15T00:00Z"],
    ["@yearly", "2012-07-09T15:00:00Z", "2013-01-01T00:00Z"],
  ];
  for (const [expression, after, expected] of next) {
    it(`${expression} after ${after}`, () => assert.deepEqual(nextOf(expression, after), [expected]));
  }

  it("are none on a day that there is not", () => {
    assert.deepEqual(nextOf("0 0 31 feb *", "2026-01-01T00:00:00Z"), []);
  });

  it("are those of the zone's clocks", () => {
    assert.deepEqual(nextOf("0 3 * * *", "2026-01-01T00:00:00Z", 1, "Asia/Kolkata"), ["2026-01-01T21:30Z"]);
    assert.deepEqual(nextOf("0 3 * * *", "2026-07-01T00:00:00Z", 1, "America/New_York"), [
      "2026-07-01T07:00Z",
    ]);
  });

  it("leave out what the clocks skip", () => {
    // In New York 02:00 to 03:00 on 11 March 2012 do not exist.
    assert.deepEqual(nextOf("30 2 11 Mar ?", "2012-03-11T05:00:00Z", 1, "America/New_York"), [
      "2013-03-11T06:30Z",
    ]);
    assert.deepEqual(nextOf("0 * * * *", "2012-03-11T05:00:00Z", 3, "America/New_York"), [
      "2012-03-11T06:00Z",
      "2012-03-11T07:00Z",
      "2012-03-11T08:00Z",
    ]);
  });

  it("come twice where the clocks show them twice", () => {
    // 01:00 to 02:00 on 4 November 2012 come first in summer time, then in winter time.
    assert.deepEqual(nextOf("0 1 4 Nov ?", "2012-11-04T04:00:00Z", 3, "America/New_York"), [
      "2012-11-04T05:00Z",
      "2012-11-04T06:00Z",
      "2013-11-04T06:00Z",
    ]);
    assert.deepEqual(nextOf("30 1 * * *", "2012-11-04T05:45:00Z", 1, "America/New_York"), [
      "2012-11-04T06:30Z",
    ]);
    assert.deepEqual(nextOf("*/30 * * * *", "2012-11-04T05:00:00Z", 4, "America/New_York"), [
      "2012-11-04T05:30Z",
      "2012-11-04T06:00Z",
      "2012-11-04T06:30Z",
      "2012-11-04T07:00Z",
    ]);
  });

  it("are the same as those of a calendar without clocks that are moved, minute by minute", () => {
    const times = cronTimes("*/7 * * * *", "Australia/Lord_Howe");
    const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Australia/Lord_Howe", minute: "numeric" });
    const from = Date.parse("2026-04-04T12:00:00Z");
    const expected = Array.from({ length: 8 * 60 }, (_, index) => from + (index + 1) * 60_000).filter(
      (at) => Number(clock.format(at)) % 7 === 0,
    );
    const found: number[] = [];
    for (let at = times.next(from); at !== undefined && at <= from + 8 * 3_600_000; at = times.next(at))
      found.push(at);
    assert.deepEqual(found, expected);
  });

  it("cannot be had of nonsense", () => {
    assert.throws(() => cronTimes("0 0 31-1 * *", "UTC"), /range|31/i);
    assert.throws(() => cronTimes("0 0 * * *", "Mars/Olympus"), RangeError);
  });
});
