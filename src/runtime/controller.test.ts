import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ApiError } from "../client/errors.ts";
import {
  createController,
  type ControllerOptions,
  type ReconcileContext,
  type Source,
  type Trigger,
} from "./controller.ts";
import type { Requeue } from "../kube/plan.ts";
import { createLog } from "./log.ts";

/** A source whose changes the test makes, with the lines that were logged. */
function scene() {
  let told: (key: string, trigger: Trigger) => void = () => undefined;
  const synced = Promise.withResolvers<void>();
  const source: Source = {
    synced: synced.promise,
    subscribe: (listener) => {
      told = listener;
      return () => (told = () => undefined);
    },
  };
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ level: "debug", write: (line) => void lines.push(JSON.parse(line)) });
  return {
    source,
    lines,
    log,
    sync: synced.resolve,
    change: (key: string, origin?: unknown, resourceVersion = "1") =>
      told(key, { reason: "ConfigMap changed", resourceVersion, origin, isNew: false }),
  };
}

type Scene = ReturnType<typeof scene>;

function controllerOf(
  { source, log }: Scene,
  reconcile: (key: string, context: ReconcileContext) => Promise<{ requeue: Requeue }>,
  more: Partial<ControllerOptions> = {},
) {
  return createController({ name: "test", sources: [source], reconcile, log, ...more });
}

/** Time that passes only when the test says so. */
function controlledTime(t: TestContext): (ms: number) => Promise<void> {
  let now = 0;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => now);
  return async (ms) => {
    now += ms;
    t.mock.timers.tick(ms);
    await turn();
  };
}

test("nothing is reconciled before the caches hold everything", async () => {
  const here = scene();
  const ran: string[] = [];
  const controller = controllerOf(here, async (key) => {
    ran.push(key);
    return { requeue: "onChange" };
  });
  here.change("n/a");
  here.change("n/b");
  here.change("n/a");
  const starting = controller.start();
  await turn();
  assert.deepEqual(ran, []);
  here.sync();
  await starting;
  await controller.idle();
  assert.deepEqual(ran, ["n/a", "n/b"]);
  await controller.stop();
});

test("an own write does not bring its key back, but brings others, and a change by others does", async () => {
  const here = scene();
  const ran: string[] = [];
  const controller = controllerOf(here, async (key, { origin }) => {
    ran.push(key);
    if (key === "n/a" && ran.length === 1) {
      here.change("n/a", origin);
      here.change("n/b", origin);
    }
    return { requeue: "onChange" };
  });
  here.sync();
  await controller.start();
  here.change("n/a");
  await controller.idle();
  assert.deepEqual(ran, ["n/a", "n/b"]);
  here.change("n/a");
  await controller.idle();
  assert.deepEqual(ran, ["n/a", "n/b", "n/a"]);
  await controller.stop();
});

test("the echo of an own write that comes before its answer does not bring the key back", async () => {
  const here = scene();
  const ran: string[] = [];
  const controller = controllerOf(here, async (key, { origin }) => {
    ran.push(key);
    if (ran.length > 1) return { requeue: "onChange" };
    here.change(key, undefined, "7");
    await turn();
    origin.add("7");
    return { requeue: "onChange" };
  });
  here.sync();
  await controller.start();
  here.change("n/a");
  await controller.idle();
  assert.deepEqual(ran, ["n/a"]);
  await controller.stop();
});

test("a change by somebody else while the key runs brings it back", async () => {
  const here = scene();
  const ran: string[] = [];
  const controller = controllerOf(here, async (key, { origin }) => {
    ran.push(key);
    if (ran.length > 1) return { requeue: "onChange" };
    here.change(key, undefined, "7");
    here.change(key, undefined, "8");
    origin.add("7");
    return { requeue: "onChange" };
  });
  here.sync();
  await controller.start();
  here.change("n/a");
  await controller.idle();
  assert.deepEqual(ran, ["n/a", "n/a"]);
  await controller.stop();
});

test("a key is looked at again after the time its reconcile asked for", async (t) => {
  const pass = controlledTime(t);
  const here = scene();
  let runs = 0;
  const controller = controllerOf(here, async () => {
    runs += 1;
    return { requeue: runs === 1 ? { afterMs: 5_000 } : "onChange" };
  });
  here.sync();
  await controller.start();
  here.change("n/a");
  await turn();
  await pass(4_000);
  assert.equal(runs, 1);
  await pass(1_001);
  assert.equal(runs, 2);
  await pass(60_000);
  assert.equal(runs, 2);
  await controller.stop();
});

test("a conflict is reconciled again at once, and the failure forgotten after success", async () => {
  const here = scene();
  let runs = 0;
  const outcomes: string[] = [];
  const controller = controllerOf(
    here,
    async () => {
      runs += 1;
      if (runs < 3) throw new ApiError("the object has been modified", { code: 409, reason: "Conflict" });
      return { requeue: "onChange" };
    },
    {
      observer: {
        queue: { depth: () => undefined, waited: () => undefined, retried: () => undefined },
        reconciled: (outcome) => void outcomes.push(outcome),
      },
    },
  );
  here.sync();
  await controller.start();
  here.change("n/a");
  await controller.idle();
  assert.equal(runs, 3);
  assert.deepEqual(outcomes, ["Conflict", "Conflict", "done"]);
  await controller.stop();
});

test("a bug is logged with its stack, the key and why it ran, and tried again after a pause", async (t) => {
  const pass = controlledTime(t);
  const here = scene();
  let runs = 0;
  const controller = controllerOf(here, async () => {
    runs += 1;
    throw new TypeError("x is not a function");
  });
  here.sync();
  await controller.start();
  here.change("n/a");
  await turn();
  const [line] = here.lines.filter((each) => each["level"] === "error");
  assert.equal(line?.["controller"], "test");
  assert.equal(line?.["key"], "n/a");
  assert.deepEqual(line?.["reasons"], ["ConfigMap changed"]);
  assert.match(JSON.stringify(line?.["error"]), /TypeError: x is not a function.*controller\.test\.ts/);
  await pass(101);
  assert.equal(runs, 2);
  await controller.stop();
});

test("one key that always fails does not keep the others waiting", async () => {
  const here = scene();
  const done: string[] = [];
  const controller = controllerOf(
    here,
    async (key) => {
      if (key === "n/bad") throw new Error("bad");
      done.push(key);
      return { requeue: "onChange" };
    },
    { concurrency: 1 },
  );
  here.sync();
  await controller.start();
  for (const key of ["n/bad", "n/a", "n/b"]) here.change(key);
  await controller.idle();
  assert.deepEqual(done, ["n/a", "n/b"]);
  await controller.stop();
});

test("the slow recheck brings in what it is told to, spread over the time", async (t) => {
  const pass = controlledTime(t);
  const here = scene();
  const ran: string[] = [];
  const controller = controllerOf(
    here,
    async (key, { reasons }) => {
      ran.push(`${key}: ${reasons.join()}`);
      return { requeue: "onChange" };
    },
    { recheck: { everyMs: 60_000, keys: () => ["n/a", "n/b"] } },
  );
  here.sync();
  await controller.start();
  await pass(53_000);
  assert.deepEqual(ran, []);
  await pass(13_001);
  await pass(54_001);
  assert.deepEqual(ran.sort(), ["n/a: recheck", "n/b: recheck"]);
  await controller.stop();
});

test("a stop waits for the reconcile under way and takes no more", async () => {
  const here = scene();
  const ran: string[] = [];
  const end = Promise.withResolvers<void>();
  const controller = controllerOf(
    here,
    async (key) => {
      await end.promise;
      ran.push(key);
      return { requeue: "onChange" };
    },
    { concurrency: 1 },
  );
  here.sync();
  await controller.start();
  here.change("n/a");
  here.change("n/b");
  await turn();
  const stopping = controller.stop();
  here.change("n/c");
  end.resolve();
  await stopping;
  assert.deepEqual(ran, ["n/a"]);
});

test("a reconcile that does not end by itself is told to give up", async () => {
  const here = scene();
  const controller = controllerOf(
    here,
    (_key, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
  );
  here.sync();
  await controller.start();
  here.change("n/a");
  await turn();
  await controller.stop(10);
  assert.match(JSON.stringify(here.lines), /cut off by the stop/);
});
