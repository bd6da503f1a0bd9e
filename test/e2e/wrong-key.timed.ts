import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NAMED_AGENTS } from "../../src/api/agent-types.ts";
import { agentFacts } from "../agents/support/agent-facts.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";

const REFUSED = [{ fault: { status: 401, message: "that key is not known here" } }];

describe("a wrong key", { concurrency: false, timeout: 120_000 }, () => {
  const agents = useAgentCluster({ refused: REFUSED });

  for (const agent of NAMED_AGENTS) {
    it(`ends a run of ${agent} in seconds, naming Secret and key`, async () => {
      const { model } = agentFacts[agent];
      const chosen = model === undefined ? {} : { model };
      const { status } = await agents.run(`refused-${agent}`, { agent, prompt: "refused", ...chosen });
      assert.deepEqual([status?.phase, status?.reason], ["Failed", "AuthenticationFailed"], status?.message);
      assert.match(
        status?.message ?? "",
        /refused the credential \(401\): check key api-key of Secret credentials\. ./,
      );
      const { startedAt = "", completionTime = "" } = status ?? {};
      assert.ok(Date.parse(completionTime) - Date.parse(startedAt) < 20_000);
    });
  }
});
