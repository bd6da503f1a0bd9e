import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { useCluster } from "../support/cluster.ts";
import { projectRoot } from "../support/project-files.ts";

const cluster = useCluster({ operator: false });

const SAMPLES = [
  "agentconfig.agent.xonovex.com/default",
  "agentnotifier.agent.xonovex.com/ends",
  "agentnotifier.agent.xonovex.com/failures",
  "agentprovider.agent.xonovex.com/gemini-provider",
  "agentrun.agent.xonovex.com/agent-1",
  "agentrun.agent.xonovex.com/agent-2",
  "agentrun.agent.xonovex.com/check-against-handbook",
  "agentrun.agent.xonovex.com/check-settings",
  "agentrun.agent.xonovex.com/feature-work",
  "agentrun.agent.xonovex.com/fix-auth-bug",
  "agentrun.agent.xonovex.com/fix-flaky-test",
  "agentrun.agent.xonovex.com/implement",
  "agentrun.agent.xonovex.com/migrate-orders",
  "agentrun.agent.xonovex.com/plan",
  "agentrun.agent.xonovex.com/quick-review",
  "agentrun.agent.xonovex.com/rate-risk",
  "agentrun.agent.xonovex.com/review",
  "agentrun.agent.xonovex.com/review-codebase",
  "agentrun.agent.xonovex.com/shorten-docs",
  "agentrun.agent.xonovex.com/update-docs",
  "agentrun.agent.xonovex.com/update-snapshots",
  "agentrun.agent.xonovex.com/write-release-notes",
  "agentschedule.agent.xonovex.com/update-dependencies",
  "agenttrigger.agent.xonovex.com/comment",
  "agenttrigger.agent.xonovex.com/failing-check",
  "agenttrigger.agent.xonovex.com/issue",
  "agentworkspace.agent.xonovex.com/my-workspace",
  "configmap/release-notes-skill",
  "configmap/tool-settings",
];

async function applySamples(): Promise<string[]> {
  const printed = await cluster.kubectl("apply", "-k", join(projectRoot, "config", "samples"));
  return printed.trim().split("\n").sort();
}

test("every sample is applied without a word of warning, and again without a change", async () => {
  assert.deepEqual(
    await applySamples(),
    SAMPLES.map((name) => `${name} created`),
  );
  assert.deepEqual(
    await applySamples(),
    SAMPLES.map((name) => `${name} unchanged`),
  );
});

test("kubectl explains every field of a run", async () => {
  const explained = await cluster.kubectl("explain", "agentrun.spec.repository.credentialsSecretRef");
  assert.match(explained.replaceAll(/\s+/g, " "), /a token, user:token, a line of a git credential store/);
});
