import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { concurrencyOf, isLimited } from "./concurrency.ts";
import { entryOf } from "./hourly-limit.ts";
import type { ObservedRun } from "./observed.ts";

const NOW = Date.parse("2026-05-01T12:00:00Z");
const HOUR = 3_600_000;

function aRun(
  name: string,
  {
    policy,
    perHour,
    group = "g",
    status,
    createdAt = NOW,
  }: { policy?: string; perHour?: number; group?: string; status?: AgentRunStatus; createdAt?: number } = {},
): AgentRun {
  return {
    metadata: {
      name,
      namespace: "team",
      uid: name,
      creationTimestamp: new Date(createdAt).toISOString(),
      labels: { "agent.xonovex.com/trigger": "t", "agent.xonovex.com/group": group },
      annotations: {
        ...(policy !== undefined && { "agent.xonovex.com/concurrency": policy }),
        ...(perHour !== undefined && { "agent.xonovex.com/runs-per-hour": String(perHour) }),
      },
    },
    spec: { prompt: "Fix it" },
    ...(status && { status }),
  };
}

const decide = (run: AgentRun, ...others: AgentRun[]) =>
  concurrencyOf({ run, siblings: [run, ...others], now: NOW } as unknown as ObservedRun);
const started = (agoMs: number): AgentRunStatus => ({
  phase: "Running",
  startTime: new Date(NOW - agoMs).toISOString(),
});

describe("a run whose group has another one", () => {
  const policies = [
    ["Allow", undefined],
    ["Forbid", "fails"],
    ["Queue", "queued"],
    ["Replace", "replaces"],
  ] as const;
  for (const [policy, what] of policies) {
    it(`with ${policy}`, () => {
      assert.equal(decide(aRun("b", { policy }), aRun("a", { policy, status: started(1) }))?.what, what);
      assert.equal(decide(aRun("b", { policy }), aRun("a", { policy }))?.what, what);
      assert.equal(decide(aRun("a", { policy }), aRun("b", { policy })), undefined, "the older one starts");
      const ended = aRun("a", { policy, status: { phase: "Failed" } });
      assert.equal(decide(aRun("b", { policy }), ended), undefined);
      assert.equal(decide(aRun("b", { policy }), aRun("a", { policy, group: "h" })), undefined);
    });
  }

  it("cancels the other one once", () => {
    const a = aRun("a", { policy: "Replace", status: started(1) });
    const answer = decide(aRun("b", { policy: "Replace" }), a);
    assert.deepEqual(answer?.what === "replaces" && answer.patches.map(({ name, uid }) => [name, uid]), [
      ["a", "a"],
    ]);
    const annotations = { ...a.metadata.annotations, "agent.xonovex.com/cancel": "true" };
    const cancelled = { ...a, metadata: { ...a.metadata, annotations } };
    const waits = decide(aRun("b", { policy: "Replace" }), cancelled);
    assert.match(
      waits?.what === "queued" ? waits.message : "",
      /^AgentRun a is still ending; .* \(concurrency.policy Replace of the trigger\)$/,
    );
    const gone = { ...cancelled, status: { phase: "Failed", reason: "Cancelled" } } as const;
    assert.equal(decide(aRun("b", { policy: "Replace" }), gone), undefined);
  });

  it("cancels and waits for all those that have not ended", () => {
    const cancelled = aRun("a", { policy: "Replace", status: started(2) });
    Object.assign(cancelled.metadata.annotations ?? {}, { "agent.xonovex.com/cancel": "true" });
    const other = aRun("b", { policy: "Replace", status: started(1) });
    const answer = decide(aRun("c", { policy: "Replace" }), cancelled, other);
    assert.deepEqual(answer?.what === "replaces" && answer.patches.map(({ name }) => name), ["b"]);
  });
});

describe("a run of a schedule that replaces", () => {
  const scheduled = (
    name: string,
    annotations: Record<string, string>,
    status?: AgentRunStatus,
  ): AgentRun => {
    const run = aRun(name, status ? { status } : {});
    run.metadata.labels = { "agent.xonovex.com/schedule": "nightly" };
    run.metadata.annotations = annotations;
    return run;
  };
  const at = { "agent.xonovex.com/scheduled-at": "2026-05-01T12:00:00Z" };
  const replacing = scheduled("b", { ...at, "agent.xonovex.com/concurrency": "Replace" });

  it("waits for the end of those that the schedule has cancelled", () => {
    const cancelled = scheduled("a", { ...at, "agent.xonovex.com/cancel": "true" }, started(1));
    const waits = decide(replacing, cancelled);
    assert.match(
      waits?.what === "queued" ? waits.message : "",
      /\(concurrencyPolicy Replace of the schedule\)$/,
    );
    assert.equal(decide(replacing, scheduled("a", at, started(1)))?.what, "replaces");
  });

  it("leaves those alone that a user has started", () => {
    assert.equal(decide(replacing, scheduled("a", {}, started(1))), undefined);
    assert.equal(isLimited(replacing), true);
    assert.equal(isLimited(scheduled("a", at)), false);
  });
});

describe("a run whose trigger starts so many in an hour", () => {
  it("waits until the first of them is an hour old, the older ones before it", () => {
    const perHour = 2;
    const own = aRun("c", { perHour });
    const old = aRun("z", { perHour, status: started(HOUR + 1) });
    const first = aRun("a", { perHour, status: started(HOUR - 60_000) });
    const second = aRun("b", { perHour, status: { ...started(30_000), phase: "Succeeded" } });
    assert.equal(decide(own, old, first), undefined);
    const waits = decide(own, old, first, second);
    assert.ok(waits?.what === "queued");
    assert.match(waits.message, /2 runs start within an hour .* at 2026-05-01T12:01:00Z/);
    const waiting = aRun("b", { perHour });
    assert.equal(decide(own, first, waiting)?.what, "queued");
    assert.equal(decide(waiting, first, own), undefined);
  });
});

describe("the record of a trigger's starts", () => {
  const owner = { apiVersion: "v1", kind: "AgentTrigger", name: "t", uid: "0123456789", controller: true };
  const own = aRun("c", { perHour: 2 });
  own.metadata.ownerReferences = [owner];
  const seconds = (agoMs: number): string => String((NOW - agoMs) / 1_000);
  const observe = (
    data?: Record<string, string>,
    labels = { "agent.xonovex.com/trigger": "t" },
  ): ObservedRun => {
    const starts = data && { metadata: { uid: "r", resourceVersion: "7", labels }, data };
    return { run: own, siblings: [own], starts, now: NOW } as unknown as ObservedRun;
  };

  it("counts runs that are gone, and lets those in that are entered", () => {
    const gone = { a: seconds(HOUR - 60_000), b: seconds(30_000), z: seconds(HOUR + 1_000) };
    const waits = concurrencyOf(observe(gone));
    assert.match(waits?.what === "queued" ? waits.message : "", /at 2026-05-01T12:01:00Z at the earliest/);
    assert.equal(concurrencyOf(observe({ ...gone, c: seconds(1_000) })), undefined);
    assert.equal(concurrencyOf(observe({ a: seconds(1), b: seconds(HOUR) })), undefined);
    const anothers = observe(gone, { "agent.xonovex.com/trigger": "u" });
    assert.equal(concurrencyOf(anothers), undefined);
  });

  it("gets the run that is to start, only as it was read, and loses those of earlier hours", () => {
    const at = { namespace: "team", name: "t-starts-01234567" };
    const [child] = entryOf(observe())?.create ?? [];
    assert.deepEqual(
      [child?.object.metadata.name, Reflect.get(child?.object ?? {}, "data")],
      [at.name, { c: seconds(0) }],
    );
    const [patch] = entryOf(observe({ a: seconds(60_000), z: seconds(HOUR + 1_000) }))?.patches ?? [];
    assert.deepEqual(
      [patch?.name, patch?.uid, patch?.patch],
      [at.name, "r", { metadata: { resourceVersion: "7" }, data: { z: null, c: seconds(0) } }],
    );
    assert.equal(entryOf(observe({ c: seconds(60_000) })), undefined);
    // What is somebody else's makes the creation fail, and is left as it is.
    assert.equal(entryOf(observe({ a: "1" }, { "agent.xonovex.com/trigger": "u" }))?.create.length, 1);
    const begun = { ...own, status: started(1) };
    assert.equal(entryOf({ ...observe(), run: begun }), undefined);
  });

  it("lets a run that waits for something else hold up no other", () => {
    const stuck = aRun("a", { perHour: 1, status: { phase: "Pending", reason: "SecretNotFound" } });
    assert.equal(decide(aRun("b", { perHour: 1 }), stuck), undefined);
    assert.equal(decide(aRun("b", { perHour: 1 }), aRun("a", { perHour: 1 }))?.what, "queued");
  });

  it("holds no run up that is tried again", () => {
    const again = aRun("b", { perHour: 1, policy: "Forbid", status: started(HOUR) });
    assert.equal(decide(again, aRun("a", { policy: "Forbid", status: started(1) })), undefined);
  });
});
