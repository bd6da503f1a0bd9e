import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { usageOf } from "./result.ts";

describe("usageOf", () => {
  it("is what every attempt used, as far as it told", () => {
    const first = { tokens: { input: 100, output: 10, cacheRead: 1, cacheWrite: 2 }, costUSD: "0.1" };
    const second = { tokens: { input: 5, output: 7, cacheRead: 0, cacheWrite: 0 } };
    const last = { tokens: { input: 20, output: 3, cacheRead: 1, cacheWrite: 0 }, costUSD: "0.2" };
    assert.deepEqual(usageOf([first, undefined, second, last]), {
      tokens: { input: 125, output: 20, cacheRead: 2, cacheWrite: 2 },
      costUSD: "0.3",
    });
  });

  it("has no part that nobody told", () => {
    assert.deepEqual(usageOf([{ text: "Done" }, { costUSD: "1" }]), { costUSD: "1" });
    assert.deepEqual(usageOf([{ tokens: { output: 3 } }]), {
      tokens: { input: 0, output: 3, cacheRead: 0, cacheWrite: 0 },
    });
    assert.equal(usageOf([undefined, { text: "Done" }]), undefined);
    assert.equal(usageOf([]), undefined);
  });
});
