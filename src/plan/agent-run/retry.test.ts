import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../../api/agent-run.ts";
import type { Job } from "../../kube/builtin.ts";
import type { Ending } from "./ending.ts";
import { isRecorded, nextAttempt, pauseLeft, timeLeft } from "./retry.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const ENDING: Ending = {
  phase: "Failed",
  reason: "RateLimited",
  message: "later",
  at: "2026-01-01T00:10:00Z",
};
const job: Job = {
  metadata: { name: "demo", uid: "job-2" },
  spec: { template: { spec: { containers: [] } } },
};

function aRun(limit: number, recorded: number, annotations: Record<string, string> = {}): AgentRun {
  const attempts = Array.from({ length: recorded }, (_, index) => ({
    number: index + 1,
    jobUid: `job-${index}`,
    reason: "RateLimited",
    startedAt: "2026-01-01T00:05:00Z",
    completionTime: "2026-01-01T00:10:00Z",
  }));
  return {
    metadata: { name: "demo", namespace: "team", uid: "run", annotations },
    spec: { prompt: "x", retry: { limit, reasons: ["RateLimited"] } },
    status: { phase: "Running", jobName: "demo", startTime: "2026-01-01T00:00:00Z", attempts },
  };
}

function next(run: AgentRun, ending: Ending = ENDING) {
  const defaults = { gitImage: "", agentImage: "", operatorImage: "operator:1", imagePullTimeoutSeconds: 0 };
  return nextAttempt({ run, job, references: { secrets: new Map() }, defaults, now: NOW }, ending);
}

describe("nextAttempt", () => {
  it("records the attempt and lets go of its Job", () => {
    const status = next(aRun(2, 1));
    assert.deepEqual(
      [status?.phase, status?.reason, status?.jobName],
      ["Initializing", "Retrying", undefined],
    );
    assert.deepEqual(
      status?.attempts?.map(({ number, jobUid }) => [number, jobUid]),
      [
        [1, "job-0"],
        [2, "job-2"],
      ],
    );
    assert.equal(status?.startTime, "2026-01-01T00:00:00Z");
  });

  it("adds what the attempt used to what the earlier ones did", () => {
    const run = aRun(2, 1);
    const [earlier] = run.status?.attempts ?? [];
    if (earlier) earlier.result = { costUSD: "0.5" };
    const status = next(run, { ...ENDING, report: { ok: false, costUSD: "0.25" } });
    assert.deepEqual(status?.usage, { costUSD: "0.75" });
  });

  it("follows a preemption at once, whatever retry says, and does not count it", () => {
    const preempted = { ...ENDING, reason: "Preempted" } as const;
    const run = aRun(1, 0);
    const first = next(run, preempted);
    assert.deepEqual([first?.reason, first?.attempts?.length], ["Queued", 1]);
    assert.ok(first);
    assert.equal(pauseLeft({ ...run, status: first }, NOW), 0);
    const second = next({ ...run, status: first });
    assert.match(second?.message ?? "", /^attempt 1 of 2 failed: RateLimited/);
    assert.deepEqual(
      second?.attempts?.map(({ number, reason }) => [number, reason]),
      [
        [1, "Preempted"],
        [2, "RateLimited"],
      ],
    );
    assert.ok(second);
    assert.equal(pauseLeft({ ...run, status: second }, NOW), 10_000);
    assert.equal(next({ ...run, status: second }), undefined);
    assert.equal(next(aRun(1, 0, { "agent.xonovex.com/cancel": "true" }), preempted), undefined);
  });

  it("is none after the last one, for another reason, or once the run is cancelled", () => {
    assert.equal(next(aRun(1, 1)), undefined);
    assert.equal(next(aRun(0, 0)), undefined);
    assert.equal(next(aRun(2, 0), { ...ENDING, reason: "AgentFailed" }), undefined);
    assert.equal(next(aRun(2, 0, { "agent.xonovex.com/cancel": "true" })), undefined);
  });
});

describe("between two attempts", () => {
  const between = (recorded: number): AgentRun => {
    const run = aRun(9, recorded);
    return { ...run, status: { ...run.status, phase: "Initializing", jobName: undefined } };
  };

  it("the pause doubles from ten seconds up to five minutes", () => {
    assert.deepEqual(
      [1, 2, 3, 9].map((recorded) => pauseLeft(between(recorded), NOW)),
      [10_000, 20_000, 40_000, 300_000],
    );
    assert.equal(pauseLeft(between(1), NOW + 10_000), 0);
  });

  it("a recorded attempt's Job is known by its uid", () => {
    assert.equal(isRecorded(between(3), job), true);
    assert.equal(isRecorded(between(2), job), false);
  });

  it("the timeout goes on by what each attempt has worked", () => {
    assert.equal(timeLeft(between(1), 3600, NOW), 3300);
    assert.equal(timeLeft(between(2), 3600, NOW + 3_600_000), 3000);
    assert.equal(timeLeft(between(1), 60, NOW), 1);
    assert.equal(timeLeft(aRun(1, 0), 60, NOW), 60);
  });
});
