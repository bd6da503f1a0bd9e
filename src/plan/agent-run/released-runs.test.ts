import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentRun, AgentRunPhase } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { releasedBy } from "./released-runs.ts";

const secrets = new Map<string, undefined>();

function aRun(name: string, branch: string, phase: AgentRunPhase): AgentRun {
  return {
    metadata: { name },
    spec: { prompt: "", workspaceRef: "ws", worktree: { branch } },
    status: { phase },
  };
}

test("a branch is taken over from runs that have ended or are gone, never from one that may be at work", () => {
  const observedAt = "2026-01-01T00:00:00Z";
  const worktrees = [
    { run: "gone", branch: "work", path: "", observedAt },
    { run: "busy", branch: "work", path: "", observedAt },
    { run: "elsewhere", branch: "other", path: "", observedAt },
  ];
  const workspace: AgentWorkspace = {
    metadata: { name: "ws" },
    spec: { repository: { url: "https://example.com/repo.git" } },
    status: { phase: "Ready", worktrees },
  };
  const run = aRun("next", "work", "Pending");
  const workspaceRuns = [
    run,
    aRun("ended", "work", "Failed"),
    aRun("busy", "other", "Running"),
    aRun("waiting", "work", "Pending"),
  ];
  assert.deepEqual(releasedBy(run, { workspace, workspaceRuns, secrets }), ["gone", "ended"]);
});
