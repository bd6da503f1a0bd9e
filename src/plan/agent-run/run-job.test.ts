import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { Pod } from "../../kube/builtin.ts";
import { isJobStatusNeeded, isOver } from "./run-job.ts";
import { podLateInMs, type JobState } from "../jobs/job-state.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const young: JobState = { metadata: { name: "demo", creationTimestamp: "2026-01-01T00:09:55Z" } };
const old: JobState = { metadata: { name: "demo", creationTimestamp: "2026-01-01T00:09:00Z" } };
const pod: Pod = { metadata: { name: "demo-x" }, spec: { containers: [] }, status: { phase: "Running" } };

function aRun(status: AgentRunStatus): AgentRun {
  return { metadata: { name: "demo" }, spec: {}, status };
}

describe("the status of a run's Job", () => {
  const needed = (
    status: AgentRunStatus,
    job: JobState,
    seen: { pod?: Pod; warning?: string } = {},
  ): boolean => isJobStatusNeeded(aRun(status), job, { ...seen, now: NOW });

  it("is not asked for where a pod tells how the run goes", () => {
    assert.equal(needed({ phase: "Running", podName: "demo-x" }, old, { pod }), false);
  });

  it("is asked for where no pod comes: something is wrong, or none was seen for a minute, or it is gone", () => {
    assert.equal(needed({ phase: "Initializing" }, young), false);
    assert.equal(podLateInMs(young, NOW), 5_000);
    const warning = "FailedCreate: exceeded quota";
    assert.equal(needed({ phase: "Initializing" }, young, { warning }), true);
    assert.equal(needed({ phase: "Initializing" }, old), true);
    assert.equal(needed({ phase: "Running", podName: "demo-x" }, young), true);
  });

  it("is not asked for again once the run has ended, unless its pod may still come", () => {
    assert.equal(needed({ phase: "Succeeded", podName: "demo-x" }, old), false);
    assert.equal(needed({ phase: "Failed", reason: "Cancelled" }, old), true);
    const going = { metadata: { ...old.metadata, deletionTimestamp: "2026-01-01T00:09:59Z" } };
    assert.equal(needed({ phase: "Failed", reason: "Cancelled" }, going), false);
  });
});

it("a Job is over with its pod, with the pod that is gone, or when it says so", () => {
  const over = (status: AgentRunStatus, job: JobState, itsPod?: Pod): boolean =>
    isOver(aRun(status), job, itsPod);
  assert.equal(over({ phase: "Failed", podName: "demo-x" }, old, pod), false);
  assert.equal(
    over({ phase: "Failed", podName: "demo-x" }, old, { ...pod, status: { phase: "Failed" } }),
    true,
  );
  assert.equal(over({ phase: "Failed", podName: "demo-x" }, old), true);
  assert.equal(over({ phase: "Failed" }, old), false);
  const failed = { ...old, status: { conditions: [{ type: "Failed", status: "True" as const }] } };
  assert.equal(over({ phase: "Failed" }, failed), true);
});
