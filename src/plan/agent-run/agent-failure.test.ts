import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentError } from "../../agents/agent.ts";
import { explainAgentError, otherFailure } from "./agent-failure.ts";

const FACTS = { provider: "gateway", model: "m-1", credential: "credentials/token" };

describe("explainAgentError", () => {
  const cases: [AgentError, string, RegExp][] = [
    [
      { kind: "Authentication", status: 401, message: "no" },
      "AuthenticationFailed",
      /^provider gateway refused the credential \(401\): check key token of Secret credentials\. no$/,
    ],
    [
      { kind: "RateLimited", status: 429, message: "slow down" },
      "RateLimited",
      /gateway .*\(429\): slow down/,
    ],
    [{ kind: "Overloaded", status: 529, message: "busy" }, "Overloaded", /overloaded \(529\): busy/],
    [{ kind: "TurnLimit", message: "3 turns" }, "TurnLimit", /^3 turns$/],
    [{ kind: "Model", status: 404, message: "gone" }, "AgentFailed", /does not know model m-1 \(404\)/],
    [{ kind: "Api", message: "refused" }, "AgentFailed", /did not answer as it should: .*refused/],
    [{ kind: "Other", message: "odd" }, "AgentFailed", /exit code 1: odd/],
  ];
  for (const [error, reason, message] of cases) {
    it(`calls ${error.kind} ${reason}`, () => {
      const failure = explainAgentError(error, FACTS, 1);
      assert.equal(failure.reason, reason);
      assert.match(failure.message, message);
    });
  }

  it("says so where no Secret is set", () => {
    const { message } = explainAgentError({ kind: "Authentication", message: "no" }, {}, 1);
    assert.match(message, /^the model's endpoint refused the credential: the run has no provider/);
  });
});

describe("otherFailure", () => {
  it("names the signal that an exit code stands for", () => {
    assert.match(otherFailure(139, "x").message, /exit code 139 \(SIGSEGV\): x/);
  });

  it("is an error that the agent told of where it ended in order", () => {
    assert.deepEqual(otherFailure(0, "x"), { reason: "AgentError", message: "x" });
  });
});
