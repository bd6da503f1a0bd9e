import assert from "node:assert/strict";
import { test } from "node:test";
import { compileSchema } from "../kube/schema/compile.ts";
import { agentRunKind } from "./agent-run.ts";
import { fitStatus } from "./fit-status.ts";
import { schemaOf } from "./schema/crd.ts";

test("a status of nonsense becomes one that an API server takes", () => {
  const reported = {
    phase: "Succeeded",
    exitCode: 1e12,
    branch: "b".repeat(1000),
    startedAt: undefined,
    result: { sessionId: "s".repeat(1000), turns: -1, tokens: { input: 1e300 }, costUSD: "free" },
    conditions: [{ type: "Succeeded", status: "True" }],
  };
  const spec = { repository: { url: "https://example.com/r" }, prompt: "x" };
  const run = { metadata: { name: "r" }, spec, status: fitStatus("AgentRun", reported) };
  assert.deepEqual(compileSchema(schemaOf(agentRunKind)).validate(run), []);
});

test("a status that fits stays as it is", () => {
  const status = { phase: "Failed", reason: "AgentFailed", exitCode: 1, result: { tokens: { input: 5 } } };
  assert.deepEqual(fitStatus("AgentRun", status), status);
});

test("the status of a kind that is not this project's stays as it is", () => {
  const status = { anything: 1 };
  assert.equal(fitStatus("Widget", status), status);
});
