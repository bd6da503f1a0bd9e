import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../api/agent-run.ts";
import type { KubeList, KubeObject } from "../kube/objects.ts";
import { catchUpWithJobs, type JobCatchUp } from "./places.ts";

const aRun = (onBusy: "Fail" | "Queue", phase: "Pending" | "Succeeded"): AgentRun => ({
  metadata: { name: "demo", namespace: "team" },
  spec: { workspaceRef: "shared", worktree: { branch: "work", onBusy }, prompt: "Fix it" },
  status: { phase },
});

/** The Jobs that are in the cache once a process with this run has taken the Lease over. */
async function caughtUp(run: AgentRun): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  const page = {
    apiVersion: "batch/v1",
    kind: "JobList",
    metadata: {},
    items: [{ metadata: { name: "other" } }],
  };
  const client = { list: <T extends KubeObject>() => Promise.resolve(page as KubeList<T>) };
  const none = { list: () => [] };
  const runJobs = { put: (job: KubeObject) => void found.push(job) };
  const caches: JobCatchUp = { configs: none, providers: none, runs: { list: () => [run] }, runJobs };
  await catchUpWithJobs(client, caches, []);
  return found;
}

describe("who takes the Lease over", () => {
  it("asks which Jobs there are if a run waits for a branch, though nothing else is limited", async () => {
    assert.equal((await caughtUp(aRun("Queue", "Pending"))).length, 1);
    assert.equal((await caughtUp(aRun("Queue", "Succeeded"))).length, 0);
    assert.equal((await caughtUp(aRun("Fail", "Pending"))).length, 0);
  });
});
