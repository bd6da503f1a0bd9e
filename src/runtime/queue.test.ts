import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { WorkQueue } from "./queue.ts";

/** Runs that end when the test says so. */
function controlledRuns() {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    started,
    run: (key: string) => {
      started.push(key);
      return new Promise<void>((resolve) => ends.set(key, resolve));
    },
    async end(key: string): Promise<void> {
      ends.get(key)?.();
      ends.delete(key);
      await turn();
    },
  };
}

test("a key added many times before it runs, runs once, with the reasons together", async () => {
  const ran: string[] = [];
  const queue = new WorkQueue({
    concurrency: 1,
    run: async (key, reasons) => void ran.push(`${key}: ${reasons.join(", ")}`),
  });
  queue.add("a", "first");
  queue.add("a", "second");
  queue.add("a", "first");
  queue.start();
  await queue.idle();
  assert.deepEqual(ran, ["a: first, second"]);
});

test("a key is never run twice at once, and runs once more when it was added meanwhile", async () => {
  const runs = controlledRuns();
  const queue = new WorkQueue({ concurrency: 4, run: runs.run });
  queue.start();
  queue.add("a", "x");
  queue.add("a", "y");
  queue.add("a", "z");
  assert.deepEqual(runs.started, ["a"]);
  await runs.end("a");
  assert.deepEqual(runs.started, ["a", "a"]);
  await runs.end("a");
  await queue.idle();
  assert.deepEqual(runs.started, ["a", "a"]);
});

test("keys that go ahead run before the others, but for a fifth of the places", async () => {
  const runs = controlledRuns();
  const queue = new WorkQueue({ concurrency: 5, run: runs.run });
  for (const key of ["old-1", "old-2", "old-3"]) queue.add(key, "changed");
  for (const key of ["new-1", "new-2", "new-3", "new-4", "new-5"]) queue.add(key, "added", true);
  queue.start();
  assert.deepEqual(runs.started.splice(0), ["old-1", "new-1", "new-2", "new-3", "new-4"]);
  await runs.end("new-1");
  assert.deepEqual(runs.started.splice(0), ["new-5"]);
  await runs.end("new-2");
  assert.deepEqual(runs.started.splice(0), [], "none of them waits any longer, but they still run");
  await runs.end("old-1");
  assert.deepEqual(runs.started.splice(0), ["old-2"]);
  for (const key of ["new-3", "new-4", "new-5"]) await runs.end(key);
  assert.deepEqual(runs.started.splice(0), ["old-3"]);
});

test("others take their places when the last that went ahead gives way, though it goes on", async () => {
  const started: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const queue = new WorkQueue({
    concurrency: 4,
    run: async (key, _reasons, giveWay) => {
      started.push(key);
      if (key === "new") await turn();
      await giveWay();
      await gate;
    },
  });
  for (const key of ["old-1", "old-2"]) queue.add(key, "changed");
  queue.add("new", "added", true);
  queue.start();
  assert.deepEqual(started, ["new"]);
  await turn();
  await turn();
  assert.deepEqual(started, ["new", "old-1", "old-2"]);
  open();
  await queue.idle();
});

test("a key that gives way goes on when its turn has come, and holds no place meanwhile", async () => {
  const steps: string[] = [];
  const queue = new WorkQueue({
    concurrency: 1,
    run: async (key, _reasons, giveWay) => {
      steps.push(`${key} begins`);
      if (key.startsWith("new")) await giveWay();
      steps.push(`${key} ends`);
    },
  });
  queue.add("old", "changed");
  for (const key of ["new-1", "new-2", "new-3"]) queue.add(key, "added", true);
  queue.start();
  queue.add("new-1", "changed");
  await queue.idle();
  assert.deepEqual(steps, [
    "new-1 begins",
    "new-2 begins",
    "new-3 begins",
    "new-3 ends",
    "old begins",
    "old ends",
    "new-1 ends",
    "new-2 ends",
    "new-1 begins",
    "new-1 ends",
  ]);
});

test("what has given way comes to its end at a stop", async () => {
  const ended: string[] = [];
  const queue = new WorkQueue({
    concurrency: 1,
    run: async (key, _reasons, giveWay) => {
      await giveWay();
      await turn();
      ended.push(key);
    },
  });
  queue.add("new-1", "added", true);
  queue.add("new-2", "added", true);
  queue.start();
  await queue.stop();
  assert.deepEqual(ended, ["new-2", "new-1"]);
});

test("keys that only compute leave the process its turns", async () => {
  let ran = 0;
  const queue = new WorkQueue({
    concurrency: 4,
    run: async () => {
      for (const end = performance.now() + 2; performance.now() < end;);
      ran += 1;
    },
  });
  for (let index = 0; index < 100; index += 1) queue.add(`key-${index}`, "x");
  queue.start();
  await turn();
  assert.ok(ran > 0 && ran < 50, `${ran} of 100 keys ran in one turn`);
  await queue.idle();
  assert.equal(ran, 100);
});

test("no more keys run than the concurrency allows, in the order they came", async () => {
  const runs = controlledRuns();
  const queue = new WorkQueue({ concurrency: 2, run: runs.run });
  queue.start();
  for (const key of ["a", "b", "c", "d"]) queue.add(key, "x");
  assert.deepEqual(runs.started, ["a", "b"]);
  assert.equal(queue.depth, 4);
  await runs.end("b");
  assert.deepEqual(runs.started, ["a", "b", "c"]);
  await runs.end("a");
  assert.deepEqual(runs.started, ["a", "b", "c", "d"]);
  await runs.end("c");
  await runs.end("d");
  await queue.idle();
  assert.equal(queue.depth, 0);
});

test("a thousand keys in a row come out in order", async () => {
  const ran: string[] = [];
  const queue = new WorkQueue({ concurrency: 3, run: async (key) => void ran.push(key) });
  const keys = Array.from({ length: 5_000 }, (_, index) => `key-${index}`);
  for (const key of keys) queue.add(key, "x");
  queue.start();
  await queue.idle();
  assert.deepEqual(ran, keys);
});

test("of several delays the earliest counts, and a run meanwhile cancels what is left", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const pass = (ms: number): void => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  const ran: string[] = [];
  const queue = new WorkQueue({
    concurrency: 1,
    run: async (key, reasons) => void ran.push(`${key} at ${now}: ${reasons.join()}`),
  });
  queue.start();
  queue.addAfter("a", 5_000, "late");
  queue.addAfter("a", 1_000, "early");
  queue.addAfter("a", 3_000, "middle");
  queue.addAfter("b", 2_000, "alone");
  pass(1_000);
  await turn();
  pass(1_000);
  await turn();
  pass(10_000);
  await turn();
  assert.deepEqual(ran, ["a at 1000: late", "b at 2000: alone"]);
});

test("the pause after failures grows, is bounded, has a least value and starts anew when forgotten", () => {
  const queue = new WorkQueue({
    concurrency: 1,
    run: async () => undefined,
    firstBackoffMs: 100,
    longestBackoffMs: 1_000,
  });
  const pauses = Array.from({ length: 6 }, () => queue.addWithBackoff("a", "failed"));
  for (const [index, full] of [100, 200, 400, 800, 1_000, 1_000].entries()) {
    const pause = pauses[index] ?? 0;
    assert.ok(
      pause >= full / 2 && pause <= full,
      `pause ${index} is ${pause}, wanted ${full / 2} to ${full}`,
    );
  }
  assert.equal(queue.failures("a"), 6);
  assert.equal(queue.addWithBackoff("a", "told to wait", { atLeastMs: 5_000 }), 5_000);
  queue.forget("a");
  assert.ok(queue.addWithBackoff("a", "failed") <= 100);
});

test("a stop drops what waits and lets what runs come to its end", async () => {
  const runs = controlledRuns();
  const queue = new WorkQueue({ concurrency: 1, run: runs.run });
  queue.start();
  queue.add("a", "x");
  queue.add("b", "x");
  queue.addAfter("c", 1, "x");
  let stopped = false;
  const stopping = queue.stop().then(() => (stopped = true));
  await turn();
  assert.equal(stopped, false);
  queue.add("d", "x");
  await runs.end("a");
  await stopping;
  assert.deepEqual(runs.started, ["a"]);
});
