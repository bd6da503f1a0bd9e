import assert from "node:assert/strict";
import { test } from "node:test";
import { Delays } from "./delays.ts";

test("keys become due in the order of their times, whatever the order they came in", () => {
  const delays = new Delays();
  const times = Array.from({ length: 500 }, (_, index) => (index * 7_919) % 1_000);
  for (const [index, at] of times.entries()) delays.add(`key-${index}`, at);
  const due = delays.takeDue(Infinity).map((key) => times[Number(key.slice(4))]);
  assert.deepEqual(
    due,
    [...times].sort((a, b) => a - b),
  );
  assert.equal(delays.size, 0);
});

test("only what is due is taken", () => {
  const delays = new Delays();
  delays.add("a", 10);
  delays.add("b", 20);
  assert.deepEqual(delays.takeDue(15), ["a"]);
  assert.equal(delays.earliest(), 20);
});

test("a key moves forward, never back, and can be taken out", () => {
  const delays = new Delays();
  delays.add("a", 10);
  delays.add("a", 20);
  delays.add("a", 5);
  delays.add("b", 7);
  delays.delete("b");
  assert.deepEqual(delays.takeDue(5), ["a"]);
  assert.equal(delays.earliest(), undefined);
});

test("keys that are taken out and put in again for long leave nothing behind", () => {
  const delays = new Delays();
  for (let index = 0; index < 10_000; index += 1) {
    delays.add("a", index);
    delays.delete("a");
    delays.add(`other-${index % 10}`, 1_000_000 + index);
  }
  assert.equal(delays.size, 10);
  assert.equal(delays.takeDue(Infinity).length, 10);
});
