import assert from "node:assert/strict";
import { it } from "node:test";
import type { AgentProvider } from "../api/agent-provider.ts";
import { planProvider } from "./agent-provider.ts";

const NOW = "2026-01-01T00:00:00Z";

function aProvider(status?: AgentProvider["status"]): AgentProvider {
  return {
    metadata: { name: "gateway", generation: 2 },
    spec: { authTokenSecretRef: { name: "credentials", key: "token" } },
    status,
  };
}

const cases: [string, readonly string[] | undefined, boolean, string][] = [
  ["is not ready while its Secret is missing", undefined, false, "SecretNotFound"],
  ["is not ready while the Secret has no such key", ["other"], false, "KeyNotFound"],
  ["is ready when the Secret has the key", ["token"], true, "Ready"],
];
for (const [name, secretKeys, ready, reason] of cases) {
  it(`a provider ${name}`, () => {
    const plan = planProvider({ provider: aProvider(), secretKeys, now: NOW });
    assert.equal(plan.status?.ready, ready);
    assert.equal(plan.status?.conditions?.[0]?.reason, reason);
    assert.equal(plan.status?.observedGeneration, 2);
    assert.equal(plan.events.length, 1);
    const again = planProvider({ provider: aProvider(plan.status), secretKeys, now: "2026-01-02T00:00:00Z" });
    assert.deepEqual(again.status, plan.status);
    assert.deepEqual(again.events, []);
  });
}

it("a provider that names no Secret is ready", () => {
  const plan = planProvider({ provider: { metadata: {}, spec: {} }, now: NOW });
  assert.equal(plan.status?.ready, true);
});
