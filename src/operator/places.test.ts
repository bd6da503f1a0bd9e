import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../api/agent-run.ts";
import type { Client } from "../client/client.ts";
import type { KubeObject } from "../kube/objects.ts";
import type { Caches } from "./caches.ts";
import { catchUpWithJobs } from "./places.ts";

const aRun = (onBusy: "Fail" | "Queue", phase: "Pending" | "Succeeded"): AgentRun => ({
  metadata: { name: "demo", namespace: "team" },
  spec: { workspaceRef: "shared", worktree: { branch: "work", onBusy }, prompt: "Fix it" },
  status: { phase },
});

/** The Jobs that are in the cache once a process with this run has taken the Lease over. */
async function caughtUp(run: AgentRun): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  const client = { list: () => Promise.resolve({ metadata: {}, items: [{ metadata: { name: "other" } }] }) };
  const none = { list: () => [] };
  const runJobs = { put: (job: KubeObject) => found.push(job) };
  const caches = { configs: none, providers: none, runs: { list: () => [run] }, runJobs };
  await catchUpWithJobs(client as unknown as Client, caches as unknown as Caches, []);
  return found;
}

describe("who takes the Lease over", () => {
  it("asks which Jobs there are if a run waits for a branch, though nothing else is limited", async () => {
    assert.equal((await caughtUp(aRun("Queue", "Pending"))).length, 1);
    assert.equal((await caughtUp(aRun("Queue", "Succeeded"))).length, 0);
    assert.equal((await caughtUp(aRun("Fail", "Pending"))).length, 0);
  });
});
