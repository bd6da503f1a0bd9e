import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { agentFacts } from "../agents/support/agent-facts.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";

/** The agents that no other end-to-end test is about. */
const AGENTS = ["codex", "gemini"] as const;

describe("each further agent, from manifest to result", { concurrency: 2, timeout: 120_000 }, () => {
  const agents = useAgentCluster({ commit: committingScenario() });

  for (const agent of AGENTS) {
    it(`${agent} commits, and what it said and used is told`, async () => {
      const { status } = await agents.run(agent, { agent, prompt: "commit", model: agentFacts[agent].model });
      assert.deepEqual(
        [status?.phase, status?.reason, status?.agent, status?.outcome],
        ["Succeeded", "Completed", agent, "Committed"],
        status?.message,
      );
      const { git, tokens, turns, text, sessionId } = status?.result ?? {};
      assert.deepEqual([git?.commits, git?.filesChanged, git?.uncommittedChanges], [1, 1, false]);
      assert.deepEqual([turns, tokens?.output, tokens?.cacheRead], [3, 150, 600]);
      assert.equal(text, "Done: HELLO.md was created and committed.");
      assert.ok(sessionId);
    });
  }
});
