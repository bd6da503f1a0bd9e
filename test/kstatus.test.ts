import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRunStatus } from "../src/api/agent-run.ts";
import { isTrue } from "../src/api/conditions.ts";
import { customResourceDefinitions } from "../src/api/kinds.ts";
import { planConfig } from "../src/plan/agent-config.ts";
import { planProvider } from "../src/plan/agent-provider.ts";
import { enterStage } from "../src/plan/agent-run/status.ts";
import { aRun, METADATA as metadata, NOW, RUN_STAGES as STAGES } from "./support/judged-objects.ts";
import { kstatusOf } from "./support/kstatus.ts";

describe("kstatus", () => {
  for (const [stage, wanted, finished] of STAGES) {
    it(`takes a run that is ${stage.phase} for ${wanted}, whatever it was before`, () => {
      for (const [before] of [[undefined], ...STAGES] as const) {
        const earlier = before && enterStage(aRun(), before, NOW);
        const run = aRun(enterStage(aRun(earlier), stage, NOW));
        assert.equal(kstatusOf(run), wanted);
        if (before === undefined || finished)
          assert.equal(isTrue(run.status?.conditions, "Finished"), finished);
      }
    });
  }

  it("takes what no operator has seen yet for at work, in every kind", () => {
    for (const { spec } of customResourceDefinitions()) {
      const { status } = spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
      const fallback = (status as { default?: AgentRunStatus } | undefined)?.default;
      assert.equal(
        kstatusOf({ metadata, ...(fallback && { status: fallback }) }),
        "InProgress",
        spec.names.kind,
      );
    }
  });

  it("takes a provider without its Secret for failed, and with it for current", () => {
    const provider = { metadata, spec: { authTokenSecretRef: { name: "s", key: "k" } } };
    const now = "2026-01-01T00:00:00Z";
    const failed = planProvider({ provider, now }).status;
    assert.equal(kstatusOf({ ...provider, ...(failed && { status: failed }) }), "Failed");
    const known = { ...provider, ...(failed && { status: failed }) };
    const ready = planProvider({ provider: known, secretKeys: ["k"], now }).status;
    assert.equal(kstatusOf({ ...provider, ...(ready && { status: ready }) }), "Current");
  });

  it("takes an AgentConfig that does not count for failed", () => {
    const now = "2026-01-01T00:00:00Z";
    const config = (name: string) => ({ metadata: { ...metadata, name } });
    const all = [config("default"), config("second")];
    for (const [each, wanted] of [
      [all[0], "Current"],
      [all[1], "Failed"],
    ] as const) {
      assert.ok(each);
      const { status } = planConfig({ config: each, all, claims: [], pods: [], now });
      assert.equal(kstatusOf({ ...each, ...(status && { status }) }), wanted);
    }
  });
});
