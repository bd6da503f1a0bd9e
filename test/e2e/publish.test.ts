import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { findCondition } from "../../src/api/conditions.ts";
import { jobs, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { aSecret } from "../support/objects.ts";

const SCENARIOS = {
  commit: committingScenario(),
  workflow: [
    {
      actions: [
        {
          run: "mkdir -p .github/workflows; echo 'on: push' >.github/workflows/x.yml; git add .; git commit -qm CI",
        },
      ],
    },
    { text: "Done." },
  ],
};

describe("a run with publish", { timeout: 150_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const publish = { credentialsSecretRef: { name: "push", key: "token" } };

  before(async () => {
    await agents.repository.git("config", "http.receivepack", "true");
  });

  it("waits for the credential, then pushes its commits and says where they are", async () => {
    await agents.create("done", { prompt: "commit", publish });
    const waiting = await agents.until("done", ({ status }) => status?.reason === "SecretNotFound");
    assert.match(waiting.status?.message ?? "", /Secret push, which holds the credential to push with/);
    await agents.add(secrets, aSecret("push", { token: "tok3n-to-push-with" }));
    const { status } = await agents.until("done");
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(findCondition(status.conditions, "Published")?.status, "True");
    const commit = await agents.repository.git("rev-parse", "agent/done");
    assert.deepEqual(
      { branch: status.published?.branch, commit: status.published?.commit },
      { branch: "agent/done", commit },
    );
    assert.equal(
      await agents.repository.git("show", "agent/done:HELLO.md"),
      "# Hello\n\nWritten by the agent.",
    );
    assert.match(
      status.message ?? "",
      /the agent made 1 commit, 1 file changed; commit \w{12} is pushed to branch/,
    );
    assert.match(
      await agents.cluster.kubectl("get", "agentrun", "done", "-o", "wide"),
      /PUBLISHED[^]*\bPublished\b/,
    );
    const { client, namespace } = agents.cluster;
    const { items } = await client.list(jobs, { namespace, labelSelector: "agent.xonovex.com/step=publish" });
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["done-publish"],
    );
  });

  it("fails if the work changes a protected path, and pushes nothing", async () => {
    const { status } = await agents.run("ci", { prompt: "workflow", publish });
    assert.equal(status?.phase, "Failed", status?.message);
    assert.equal(status.reason, "ProtectedPath");
    assert.match(status.message ?? "", /protected paths: \.github\/workflows\/x\.yml/);
    assert.equal(await agents.repository.has("refs/heads/agent/ci"), false);
    assert.equal(status.outcome, "Committed", "what the agent did is told all the same");
  });
});
