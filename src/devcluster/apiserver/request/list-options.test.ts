import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeContinue, readPosition } from "./list-options.ts";

function positionOf(query: Record<string, string>): Record<string, unknown> {
  const { version, start, isPast } = readPosition(new URLSearchParams(query), 10);
  return { version, start, isPast };
}

describe("readPosition", () => {
  it("starts with the present state, whatever older version would do", () => {
    const present = { version: 10, start: "", isPast: false };
    assert.deepEqual(positionOf({}), present);
    assert.deepEqual(positionOf({ resourceVersion: "0" }), present);
    assert.deepEqual(positionOf({ resourceVersion: "7", resourceVersionMatch: "NotOlderThan" }), present);
  });

  it("starts with a past state where exactly that is wanted", () => {
    const query = { resourceVersion: "7", resourceVersionMatch: "Exact" };
    assert.deepEqual(positionOf(query), { version: 7, start: "", isPast: true });
  });

  it("goes on where a page has ended, in its state", () => {
    const query = { continue: encodeContinue(8, "ns/a") };
    assert.deepEqual(positionOf(query), { version: 8, start: "ns/a", isPast: true });
  });

  it("goes on in the present state with the token of an expired answer", () => {
    const { expired } = readPosition(new URLSearchParams({ continue: encodeContinue(8, "ns/a") }), 10);
    const token = String(expired().status.metadata?.["continue"]);
    assert.deepEqual(positionOf({ continue: token }), { version: 10, start: "ns/a", isPast: false });
  });

  it("refuses a version that has not come yet, and what does not go together", () => {
    assert.throws(() => positionOf({ resourceVersion: "11" }), /Too large resource version: 11, current: 10/);
    assert.throws(() => positionOf({ resourceVersionMatch: "Exact" }), /forbidden unless resourceVersion/);
    assert.throws(() => positionOf({ continue: "nonsense" }), /continue key is not valid/);
  });
});
