import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentSchedule, AgentScheduleSpec } from "../../api/agent-schedule.ts";
import { planSchedule, type SchedulePlan } from "./plan.ts";

const CREATED = "2026-01-01T00:00:00Z";
const template: AgentScheduleSpec["runTemplate"] = {
  metadata: { labels: { team: "a" }, annotations: { why: "nightly" } },
  spec: { prompt: "Update the dependencies", repository: { url: "https://example.com/r.git" } },
};

function aSchedule(spec: Partial<AgentScheduleSpec> = {}, last?: string): AgentSchedule {
  return {
    metadata: { name: "nightly", namespace: "team", uid: "s", generation: 1, creationTimestamp: CREATED },
    spec: { schedule: "0 * * * *", runTemplate: template, ...spec },
    ...(last !== undefined && { status: { lastScheduleTime: last } }),
  };
}

function aRun(name: string, at: string, phase?: "Succeeded" | "Failed" | "Running"): AgentRun {
  const annotations = { "agent.xonovex.com/scheduled-at": at };
  return {
    metadata: { name, namespace: "team", uid: `${name}-uid`, creationTimestamp: at, annotations },
    spec: template.spec,
    ...(phase && { status: { phase, ...(phase !== "Running" && { completionTime: at }) } }),
  };
}

function plan(schedule: AgentSchedule, now: string, runs: AgentRun[] = []): SchedulePlan {
  return planSchedule({ schedule, runs, now: Date.parse(now) });
}

const createdBy = ({ create }: SchedulePlan) => create.map(({ object }) => object.metadata.name);
const readyOf = ({ status }: SchedulePlan) => status?.conditions?.find(({ type }) => type === "Ready");
const minutes = (at: string) => Date.parse(at) / 60_000;

describe("a schedule", () => {
  it("starts a run at each time, of its template, named after the time", () => {
    const at = "2026-01-01T01:00:00Z";
    const made = plan(aSchedule(), at);
    const [run] = made.create;
    assert.deepEqual(run?.object.metadata, {
      name: `nightly-${minutes(at)}`,
      namespace: "team",
      labels: { team: "a", "agent.xonovex.com/schedule": "nightly" },
      annotations: { why: "nightly", "agent.xonovex.com/scheduled-at": at },
      ownerReferences: [
        {
          apiVersion: "agent.xonovex.com/v1alpha1",
          kind: "AgentSchedule",
          name: "nightly",
          uid: "s",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
    assert.deepEqual((run.object as AgentRun).spec, template.spec);
    const { lastScheduleTime, nextScheduleTime, activeCount } = made.status ?? {};
    assert.deepEqual([lastScheduleTime, nextScheduleTime, activeCount], [at, "2026-01-01T02:00:00Z", 1]);
    assert.deepEqual(
      made.events.map(({ reason }) => reason),
      ["RunCreated"],
    );
  });

  it("does nothing before its first time, between two times, or twice for one", () => {
    assert.deepEqual(createdBy(plan(aSchedule(), "2026-01-01T00:59:59Z")), []);
    const began = aSchedule({}, "2026-01-01T01:00:00Z");
    assert.deepEqual(createdBy(plan(began, "2026-01-01T01:00:00Z")), []);
    const { create, requeue } = plan(began, "2026-01-01T01:59:30Z");
    assert.deepEqual([create, requeue], [[], { afterMs: 30_100 }]);
    assert.deepEqual(plan(began, "2026-01-01T01:30:00Z").requeue, { afterMs: 60_000 });
  });

  it("notes a run that was made for a time already, also one that has ended", () => {
    const at = "2026-01-01T01:00:00Z";
    const again = plan(aSchedule(), at, [aRun(`nightly-${minutes(at)}`, at, "Succeeded")]);
    assert.deepEqual([createdBy(again), again.events], [[], []]);
    assert.deepEqual([again.status?.lastScheduleTime, again.status?.activeCount], [at, 0]);
  });

  it("makes up for the newest of the times that it missed, and says if they were many", () => {
    const later = plan(aSchedule({}, "2026-01-01T01:00:00Z"), "2026-01-01T04:30:00Z");
    assert.deepEqual(createdBy(later), [`nightly-${minutes("2026-01-01T04:00:00Z")}`]);
    const long = plan(aSchedule({ schedule: "* * * * *" }, CREATED), "2031-01-01T00:00:30Z");
    assert.deepEqual(createdBy(long), [`nightly-${minutes("2031-01-01T00:00:00Z")}`]);
    assert.deepEqual(
      long.events.map(({ reason }) => reason),
      ["RunCreated", "TooManyMissedTimes"],
    );
  });

  it("makes up for the newest of times that are close together once a day, and for that one alone", () => {
    const busy = { schedule: "*/5 9 * * *" };
    const later = plan(aSchedule(busy, "2026-01-01T08:00:00Z"), "2026-01-02T08:00:00Z");
    assert.deepEqual(createdBy(later), [`nightly-${minutes("2026-01-01T09:55:00Z")}`]);
    const made = aSchedule(busy, later.status?.lastScheduleTime);
    assert.deepEqual(createdBy(plan(made, "2026-01-02T08:00:00Z")), []);
  });

  it("makes up for none that is further back than startingDeadlineSeconds, and says so once", () => {
    const strict = aSchedule({ startingDeadlineSeconds: 600 }, "2026-01-01T01:00:00Z");
    assert.deepEqual(createdBy(plan(strict, "2026-01-01T02:09:59Z")), [
      `nightly-${minutes("2026-01-01T02:00:00Z")}`,
    ]);
    const late = plan(strict, "2026-01-01T02:10:01Z");
    assert.deepEqual([createdBy(late), readyOf(late)?.reason], [[], "MissedSchedule"]);
    assert.match(readyOf(late)?.message ?? "", /run of 2026-01-01T02:00:00Z could not start within 600 s/);
    assert.equal(late.events.length, 1);
    const again = plan({ ...strict, status: { ...late.status } }, "2026-01-01T02:30:00Z");
    assert.deepEqual(again.events, []);
  });

  it("waits when the clock is set back, and goes on when it has caught up", () => {
    const ahead = aSchedule({}, "2026-01-01T05:00:00Z");
    assert.deepEqual(createdBy(plan(ahead, "2026-01-01T03:00:00Z")), []);
    assert.deepEqual(createdBy(plan(ahead, "2026-01-01T06:00:00Z")).length, 1);
  });

  const at = "2026-01-01T02:00:00Z";
  const early = "2026-01-01T01:00:00Z";
  const running = aRun("nightly-1", early, "Running");

  it("starts another run beside one that has not ended, with Allow", () => {
    const made = plan(aSchedule({}, early), at, [running]);
    assert.deepEqual([createdBy(made).length, made.status?.activeCount, made.patches], [1, 2, []]);
  });

  it("waits for that one with Forbid, and makes up for the newest time when it has ended", () => {
    const schedule = aSchedule({ concurrencyPolicy: "Forbid" }, early);
    const waits = plan(schedule, at, [running]);
    assert.deepEqual([createdBy(waits), waits.status?.lastScheduleTime], [[], early]);
    assert.deepEqual([readyOf(waits)?.status, readyOf(waits)?.reason], ["True", "RunActive"]);
    assert.match(readyOf(waits)?.message ?? "", /02:00:00Z waits for the end of nightly-1/);
    const ended = [aRun("nightly-1", early, "Succeeded")];
    assert.deepEqual(createdBy(plan(schedule, "2026-01-01T03:20:00Z", ended)), [
      `nightly-${minutes("2026-01-01T03:00:00Z")}`,
    ]);
    // One that a user has started.
    const manual = { ...running, metadata: { ...running.metadata, annotations: {} } };
    assert.deepEqual(createdBy(plan(schedule, at, [manual])).length, 1);
  });

  it("cancels that one with Replace, and never twice", () => {
    const schedule = aSchedule({ concurrencyPolicy: "Replace" }, early);
    const made = plan(schedule, at, [running]);
    assert.equal(createdBy(made).length, 1);
    assert.deepEqual(
      made.patches?.map(({ name, uid, patch }) => [name, uid, patch]),
      [["nightly-1", "nightly-1-uid", { metadata: { annotations: { "agent.xonovex.com/cancel": "true" } } }]],
    );
    const annotations = { ...running.metadata.annotations, "agent.xonovex.com/cancel": "true" };
    const going = { ...running, metadata: { ...running.metadata, annotations } };
    assert.deepEqual(plan(schedule, at, [going]).patches, []);
  });

  it("starts none while it is suspended, and makes up for the newest when it no longer is", () => {
    const paused = plan(aSchedule({ suspend: true }, early), at);
    assert.deepEqual(
      [createdBy(paused), readyOf(paused)?.reason, paused.requeue],
      [[], "Suspended", "onChange"],
    );
    assert.equal(paused.status?.nextScheduleTime, undefined);
    assert.equal(createdBy(plan(aSchedule({}, early), at)).length, 1);
  });

  it("keeps as many ended runs as the limits say, the newest", () => {
    const hour = (index: number) => `2026-01-01T${String(index).padStart(2, "0")}:00:00Z`;
    const runs = [0, 1, 2, 3, 4].flatMap((index) => [
      aRun(`good-${index}`, hour(index), "Succeeded"),
      aRun(`bad-${index}`, hour(index), "Failed"),
    ]);
    const removed = (spec: Partial<AgentScheduleSpec>) =>
      plan(aSchedule(spec, hour(5)), hour(5), runs)
        .remove.map(({ name }) => name)
        .toSorted();
    assert.deepEqual(removed({}), ["bad-0", "bad-1", "bad-2", "bad-3", "good-0", "good-1"]);
    const limits = { successfulRunsHistoryLimit: 0, failedRunsHistoryLimit: 5 };
    assert.deepEqual(removed(limits), ["good-0", "good-1", "good-2", "good-3", "good-4"]);
    assert.equal(plan(aSchedule({}, hour(5)), hour(5), runs).status?.lastSuccessfulTime, hour(4));
  });

  it("says what is wrong with its schedule or zone, and what the API server refuses", () => {
    const wrong = plan(aSchedule({ timeZone: "Mars/Olympus" }), at);
    assert.deepEqual([readyOf(wrong)?.reason, wrong.requeue], ["UnknownTimeZone", "onChange"]);
    assert.equal(readyOf(plan(aSchedule({ schedule: "9-1 * * * *" }), at))?.reason, "InvalidSchedule");
    const refusal = { reason: "Forbidden", message: "exceeded quota" } as const;
    const refused = planSchedule({ schedule: aSchedule(), runs: [], refusal, now: Date.parse(at) });
    assert.deepEqual([readyOf(refused)?.reason, refused.requeue], ["Forbidden", { afterMs: 30_000 }]);
    assert.equal(refused.status?.lastScheduleTime, undefined);
  });

  it("starts nothing once it is being deleted", () => {
    const schedule = aSchedule();
    schedule.metadata.deletionTimestamp = at;
    assert.deepEqual(createdBy(plan(schedule, at)), []);
  });
});
