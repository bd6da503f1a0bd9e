import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { agentConfigs, agentWorkspaces } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { pods, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { aSecret } from "../support/objects.ts";

const SCENARIOS = {
  prepared: [
    { actions: [{ run: "cat ~/.cache/prepared >found; git add found; git commit -qm Found" }] },
    { text: "Done." },
  ],
  commit: committingScenario(),
};

const sh = (script: string) => ["sh", "-c", script];

describe("a run with setup", { concurrency: 2, timeout: 180_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  before(() => agents.add(secrets, aSecret("registry", { token: "registry-t0ken" })));

  it("prepares what the agent and the verification find", async () => {
    const { status } = await agents.run("prepared", {
      prompt: "prepared",
      setup: { command: sh('mkdir -p ~/.cache; basename "$PWD" >~/.cache/prepared; echo "$TOKEN"') },
      env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "registry", key: "token" } } }],
      verify: { command: sh('grep -q workspace found && cat ~/.cache/prepared && [ -z "$TOKEN" ]') },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.output, "workspace\n");
    const said = await agents.cluster.kubectl("logs", "job/prepared", "-c", "setup");
    assert.equal(said.trim(), "***");
  });

  it("has the labels, annotations and places of its pods from the run and the AgentConfig", async () => {
    const { client, namespace } = agents.cluster;
    await agents.add(agentConfigs, {
      metadata: { name: "default" },
      spec: {
        podLabels: { team: "a", "app.example.com/part": "config" },
        podAnnotations: { "sidecar.istio.io/inject": "false" },
        defaultDNSPolicy: "Default",
        proxy: { noProxy: "127.0.0.1" },
      },
    });
    const { status } = await agents.run("placed", {
      prompt: "commit",
      podLabels: { team: "b" },
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: "zone" } },
          ],
        },
      },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
      hostAliases: [{ ip: "127.0.0.1", hostnames: ["git.local"] }],
      verify: { command: ["true"] },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    const labelSelector = "agent.xonovex.com/run=placed";
    const { items } = await client.list(pods, { namespace, labelSelector });
    assert.equal(items.length, 2, "of the agent and of verify");
    for (const { metadata, spec } of items) {
      assert.deepEqual(
        [metadata.labels?.["team"], metadata.labels?.["app.example.com/part"]],
        ["b", "config"],
      );
      assert.equal(metadata.annotations?.["sidecar.istio.io/inject"], "false");
      assert.deepEqual(
        [spec.dnsPolicy, spec.hostAliases?.length, spec.topologySpreadConstraints?.length],
        ["Default", 1, 1],
      );
    }
  });

  it("fails with its last lines", async () => {
    const { status } = await agents.run("broken", {
      prompt: "commit",
      setup: { command: sh("echo no such package >&2; exit 7") },
    });
    assert.equal(status?.reason, "SetupFailed");
    assert.match(status.message ?? "", /^setup failed with exit code 7; its last lines: no such package\n/);
  });

  it("is shown at work, and stopped at its timeout", async () => {
    await agents.create("hangs", { prompt: "commit", setup: { command: sh("sleep 600"), timeout: "4s" } });
    await agents.until("hangs", ({ status }) => status?.reason === "SettingUp");
    const { status } = await agents.until("hangs");
    assert.equal(status?.reason, "SetupTimedOut", status?.message);
  });

  it("runs in each worktree of a workspace that has it", async () => {
    const repository = { url: agents.repositoryUrl };
    const setup = { command: sh('mkdir -p ~/.cache; basename "$PWD" >~/.cache/prepared') };
    await agents.add(agentWorkspaces, {
      metadata: { name: "ws" },
      spec: { repository, accessMode: "ReadWriteOnce", setup },
    });
    const { status } = await agents.run("in-worktree", {
      repository: undefined,
      workspaceRef: "ws",
      worktree: { branch: "found" },
      prompt: "prepared",
      verify: { command: sh("cat found && cat ~/.cache/prepared") },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.output, "in-worktree\nworkspace\n");
  });
});
