import assert from "node:assert/strict";
import { test } from "node:test";
import { isLookDue, modelProblem, untilNextLook } from "./model-retry.ts";

const START = Date.parse("2026-01-01T00:00:00Z");

test("looks come after 20 s, then after gaps that double up to ten minutes, for as long as an agent works", () => {
  const seconds: number[] = [];
  for (let now = START; now < START + 3_600_000;) {
    now += untilNextLook(START, now);
    seconds.push((now - START) / 1000);
  }
  assert.deepEqual(seconds, [20, 60, 140, 300, 620, 1220, 1820, 2420, 3020, 3620]);
  for (const second of seconds) {
    assert.equal(isLookDue(START, START + second * 1000), true);
    assert.equal(isLookDue(START, START + second * 1000 - 1), false);
    assert.equal(isLookDue(START, START + second * 1000 + 5_000), false);
  }
});

const RETRY = `{"type":"system","subtype":"api_retry","attempt":3,"max_retries":10,"retry_delay_ms":4000,"error_status":529,"error":"overloaded"}`;
const SAID = `{"type":"assistant","message":{"content":[{"type":"text","text":"Here I am."}]}}`;

test("a model is silent while the newest of what the agent did is a retry", () => {
  assert.equal(modelProblem("claude", `${SAID}\n${RETRY}\nnoise\n`), "529");
  assert.equal(modelProblem("claude", `${RETRY}\n${SAID}\n`), undefined);
  assert.equal(modelProblem("claude", ""), undefined);
  assert.equal(modelProblem("custom", RETRY), undefined);
});
