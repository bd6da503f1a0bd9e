import assert from "node:assert/strict";
import { test } from "node:test";
import { isExpiredEvent } from "./events.ts";

test("an Event is kept for an hour after it was last seen, whichever field says when that was", () => {
  const now = new Date("2026-01-02T12:00:00Z");
  const metadata = { creationTimestamp: "2026-01-02T10:00:00Z" };
  assert.equal(isExpiredEvent({ metadata }, now), true);
  assert.equal(isExpiredEvent({ metadata, lastTimestamp: "2026-01-02T11:30:00Z" }, now), false);
  assert.equal(
    isExpiredEvent({ metadata, series: { lastObservedTime: "2026-01-02T11:30:00.000000Z" } }, now),
    false,
  );
  assert.equal(isExpiredEvent({ metadata, lastTimestamp: "2026-01-02T10:30:00Z" }, now), true);
});
