import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { findCondition } from "../../src/api/conditions.ts";
import { agentWorkspaces } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { pods, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { type LoopbackForge, startForge } from "../support/forge/forge.ts";
import { aSecret } from "../support/objects.ts";

const TOKEN = "t0ken-of-the-forge";
const PROJECT = "team/repository";

describe("a run with a pull request", { timeout: 240_000 }, () => {
  const agents = useAgentCluster({
    commit: [...committingScenario().slice(0, -1), { text: "Closes #7, thanks @ann <!-- hidden -->" }],
    amend: [
      { actions: [{ run: "echo more >more.txt; git add .; git commit -q --amend -m Amended" }] },
      { text: "Amended." },
    ],
  });
  let forge: LoopbackForge;

  before(async () => {
    const { repository } = agents;
    await repository.git("config", "http.receivepack", "true");
    // A forge has its repositories in folders of their owners.
    await symlink(".", join(dirname(repository.path), "team"));
    forge = await startForge({
      kind: "GitHub",
      project: PROJECT,
      token: TOKEN,
      commitOf: repository.commitOf,
    });
    await agents.add(secrets, aSecret("push", { token: TOKEN }));
  });
  after(() => forge[Symbol.asyncDispose]());

  const specOf = (more: object = {}) => ({
    prompt: "Write and commit it",
    repository: { url: agents.repositoryUrl.replace(/repository$/, PROJECT), branch: "main" },
    publish: {
      credentialsSecretRef: { name: "push", key: "token" },
      pullRequest: { forge: "GitHub" as const, apiURL: forge.apiURL, labels: ["agent"], ...more },
    },
  });

  it("has one at its end, with texts that do nothing", async () => {
    const { status } = await agents.run("opened", specOf());
    assert.equal(status?.phase, "Succeeded", status?.message);
    const commit = await agents.repository.git("rev-parse", "agent/opened");
    const [pull] = forge.pulls;
    assert.deepEqual(
      [pull?.branch, pull?.base, pull?.title, pull?.draft, pull?.commit, pull?.labels],
      ["agent/opened", "main", "Write and commit it", true, commit, ["agent"]],
    );
    assert.match(pull?.body ?? "", /```text\nCloses \uFF037, thanks \uFF20ann \u2039!-- hidden -->\n```/);
    const url = `${forge.url}/${PROJECT}/pull/1`;
    assert.deepEqual(status.published?.pullRequest, { number: 1, url });
    assert.equal(findCondition(status.conditions, "Published")?.status, "True");
    assert.ok((await agents.cluster.kubectl("get", "agentrun", "opened", "-o", "wide")).includes(url));
    assert.deepEqual(forge.breaches, []);
  });

  it("fails with the forge's words if it refuses, and the work is pushed all the same", async () => {
    const { status } = await agents.run("refused", specOf({ base: "nowhere" }));
    assert.equal(status?.reason, "PullRequestRefused", status?.message);
    assert.match(status.message ?? "", /Validation Failed; base is invalid/);
    assert.equal(status.published?.commit, await agents.repository.git("rev-parse", "agent/refused"));
    assert.equal(status.published?.pullRequest, undefined);
  });

  it("has one if the pod is killed between the push and the answer of the forge", async () => {
    const before = forge.pulls.length;
    const { client, namespace } = agents.cluster;
    let kills = 0;
    forge.fault = ({ method }) => {
      // The forge has done it, and nobody hears of it.
      if (method !== "GET" || kills >= 2 || forge.pulls.length < before + kills) return undefined;
      kills += 1;
      void (async () => {
        const { items } = await client.list(pods, {
          namespace,
          labelSelector: "agent.xonovex.com/step=publish",
        });
        const pod = items.find(({ status }) => status?.phase === "Running");
        await client.delete(pods, { namespace, name: pod?.metadata.name ?? "" }, { gracePeriodSeconds: 0 });
      })();
      return undefined;
    };
    const { status } = await agents.run("killed", specOf());
    forge.fault = () => undefined;
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.ok(kills > 0);
    assert.deepEqual(
      forge.pulls.filter(({ branch }) => branch === "agent/killed").map(({ number }) => number),
      [status.published?.pullRequest?.number],
    );
  });

  it("goes on with the pull request of a workspace's branch, and replaces what was published", async () => {
    const { repository, publish } = specOf();
    await agents.add(agentWorkspaces, {
      metadata: { name: "ws" },
      spec: { repository, accessMode: "ReadWriteOnce" },
    });
    const shared = { repository: undefined, workspaceRef: "ws", worktree: { branch: "feature" }, publish };
    const first = await agents.run("first", { ...specOf(), ...shared });
    assert.equal(first.status?.phase, "Succeeded", first.status?.message);
    const second = await agents.run("second", { ...specOf(), ...shared, prompt: "amend" });
    assert.equal(second.status?.phase, "Succeeded", second.status?.message);
    assert.deepEqual(second.status?.published?.pullRequest, first.status?.published?.pullRequest);
    assert.equal(forge.pulls.filter(({ branch }) => branch === "feature").length, 1);
    assert.deepEqual(forge.breaches, []);
  });
});
