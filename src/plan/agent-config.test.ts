import assert from "node:assert/strict";
import { it } from "node:test";
import type { AgentConfig } from "../api/agent-config.ts";
import { activeConfig } from "./active-config.ts";
import { planConfig } from "./agent-config.ts";

const NOW = "2026-01-01T00:00:00Z";

function aConfig(name: string, creationTimestamp: string): AgentConfig {
  return { metadata: { name, namespace: "team", creationTimestamp } };
}

const older = aConfig("b", "2026-01-01T00:00:00Z");
const newer = aConfig("a", "2026-01-02T00:00:00Z");
const named = aConfig("default", "2026-01-03T00:00:00Z");

it("the AgentConfig named default counts, else the oldest, ties by name", () => {
  assert.equal(activeConfig([newer, older, named]), named);
  assert.equal(activeConfig([newer, older]), older);
  const twin = aConfig("a", "2026-01-01T00:00:00Z");
  assert.equal(activeConfig([older, twin]), twin);
  assert.equal(activeConfig([]), undefined);
});

it("every other AgentConfig says which one counts", () => {
  const plan = planConfig({ config: older, all: [older, named], claims: [], pods: [], now: NOW });
  assert.equal(plan.status?.active, false);
  assert.match(plan.status?.conditions?.[0]?.message ?? "", /AgentConfig default/);
  assert.deepEqual(
    plan.events.map(({ reason }) => reason),
    ["NotActive"],
  );
  assert.equal(
    planConfig({ config: named, all: [older, named], claims: [], pods: [], now: NOW }).status?.active,
    true,
  );
});
