import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { resolveRun, type Resolution } from "./resolve.ts";

/** A run with gemini on a workspace that shares a volume at this path. */
function resolved(mountPath: string): Resolution {
  const repository = { url: "https://example.com/repo.git" };
  const workspace: AgentWorkspace = {
    metadata: { name: "ws", namespace: "team" },
    spec: { repository, sharedVolumes: [{ name: "config", mountPath }] },
    status: { phase: "Ready" },
  };
  return resolveRun({
    run: {
      metadata: { name: "demo", namespace: "team", uid: "run-uid" },
      spec: {
        agent: "gemini",
        workspaceRef: "ws",
        prompt: "Fix it",
        provider: { name: "google", authSecretRef: { name: "google", key: "api-key" } },
      },
    },
    references: { workspace, secrets: new Map([["google", ["api-key"]]]) },
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    now: 0,
  });
}

describe("a directory that an agent has to have for itself", () => {
  it("is never on a volume that runs share: such a run is rejected", () => {
    const resolution = resolved("/root/.gemini");
    assert.ok("obstacle" in resolution);
    assert.equal(resolution.obstacle.reason, "Unsupported");
    assert.match(
      resolution.obstacle.message,
      /^gemini keeps what is this run's alone in \/root\/\.gemini, where AgentWorkspace ws has a shared volume/,
    );
  });

  it("does not mind other volumes", () => {
    for (const mountPath of ["/root/.claude", "/root/.gemini/skills", "/root/.gemini-cache"]) {
      assert.ok("resolved" in resolved(mountPath), mountPath);
    }
  });
});
