import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { agentFacts } from "../agents/support/agent-facts.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";

/** Chosen by the word in the prompt. */
const SCENARIOS = {
  commit: committingScenario(),
  refused: [{ fault: { status: 401, message: "that key is not known here" } }],
};

/** The agents that no other end-to-end test is about. */
const AGENTS = ["codex", "gemini"] as const;

describe("each further agent, from manifest to result", { concurrency: 2, timeout: 120_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);

  const runOf = (agent: (typeof AGENTS)[number], prompt: string): Promise<AgentRun> => {
    const { model } = agentFacts[agent];
    return agents.run(`${agent}-${prompt}`, { agent, prompt, ...(model === undefined ? {} : { model }) });
  };

  for (const agent of AGENTS) {
    it(`${agent} commits, and what it said and used is told`, async () => {
      const { status } = await runOf(agent, "commit");
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

    it(`${agent} is refused its key: the run says which Secret and key, in seconds`, async () => {
      const { status } = await runOf(agent, "refused");
      assert.deepEqual([status?.phase, status?.reason], ["Failed", "AuthenticationFailed"], status?.message);
      assert.match(
        status?.message ?? "",
        /refused the credential \(401\): check key api-key of Secret credentials\. .*that key is not known here/,
      );
      const { startedAt = "", completionTime = "" } = status ?? {};
      assert.ok(Date.parse(completionTime) - Date.parse(startedAt) < 45_000);
    });
  }
});
