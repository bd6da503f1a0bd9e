import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { AgentType } from "../../src/api/agent-types.ts";
import { agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import { committingScenario, type Scenario } from "../../src/demo/model-scenario.ts";
import { jobs, persistentVolumeClaims, secrets } from "../../src/kube/builtin.ts";
import { agentFacts } from "../agents/support/agent-facts.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { aSecret } from "../support/objects.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

const AGENTS = ["claude", "opencode", "codex", "gemini"] as const satisfies AgentType[];

/** A file more, with a commit or without. */
function more(file: string, how = `git add ${file}; git commit -qm ${file}`): Scenario {
  return [{ actions: [{ run: `echo ${file} >${file}; ${how}` }] }, { text: `Done: ${file}.` }];
}

/** In the conversation that has begun with `commit`: its turns are those before. */
const SCENARIOS = {
  "Review this": [...committingScenario(), ...more("review.txt")],
  "Begin anew": more("anew.txt"),
  "Take time": more("slow.txt", "sleep 4"),
  "Rewrite once": more("once.txt", "git add .; git commit -q --amend -m once"),
  "Rewrite twice": more("twice.txt", "git add .; git commit -q --amend -m twice"),
  "Hang for ever": [...more("half.txt", ":").slice(0, 1), { fault: "hang" as const }],
  commit: committingScenario(),
};

describe("a run that continues another one, with each agent", { concurrency: 2, timeout: 180_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);

  for (const agent of AGENTS) {
    it(`${agent} goes on in its session`, async () => {
      const { model } = agentFacts[agent];
      const first = await agents.run(`${agent}-1`, { agent, prompt: "commit", model });
      assert.equal(first.status?.phase, "Succeeded", first.status?.message);
      const { status } = await agents.run(`${agent}-2`, {
        agent: undefined,
        repository: undefined,
        continueFrom: { run: `${agent}-1` },
        prompt: "Review this",
        model,
      });
      assert.equal(status?.phase, "Succeeded", status?.message);
      assert.equal(status.agent, agent);
      assert.equal(status.result?.sessionId, first.status.result?.sessionId, "the same session");
      assert.equal(status.result?.text, "Done: review.txt.");
      assert.deepEqual(
        [status.result?.git?.baseCommit, status.result?.git?.commits],
        [first.status.result?.git?.baseCommit, 2],
        "its work counts from where the first run began",
      );
    });
  }
});

describe("a run that continues another one", { timeout: 240_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const publish = { credentialsSecretRef: { name: "push", key: "token" } };
  const next = (run: string, more: object = {}) => ({
    agent: undefined,
    repository: undefined,
    continueFrom: { run },
    ...more,
  });

  before(async () => {
    await agents.repository.git("config", "http.receivepack", "true");
    await agents.add(secrets, aSecret("push", { token: "tok3n-to-push-with" }));
  });

  it("waits for its turn, outlives the first one, and keeps its name from others", async () => {
    const { client, namespace } = agents.cluster;
    await agents.create(
      "late",
      next("first", { prompt: "Take time", continueFrom: { run: "first", session: "Fresh" } }),
    );
    const waiting = await agents.until("late", ({ status }) => status?.reason !== undefined);
    assert.equal(waiting.status?.reason, "WaitingForDependency", waiting.status?.message);
    const first = await agents.run("first", { prompt: "Hang for ever", stallTimeout: "5s", publish });
    assert.equal(first.status?.phase, "TimedOut", first.status?.message);
    await agents.until("late", ({ status }) => status?.phase === "Running");
    await agents.create(
      "later",
      next("first", { prompt: "Begin anew", publish, continueFrom: { run: "first", session: "Fresh" } }),
    );
    const queued = await agents.until("later", ({ status }) => status?.reason === "Queued");
    assert.match(queued.status?.message ?? "", /another run has the checkout of AgentRun first/);
    await client.delete(agentRuns, { namespace, name: "first" });
    await waitForAbsence(client, agentRuns, { namespace, name: "first" });
    const late = await agents.until("late");
    assert.equal(late.status?.phase, "Succeeded", late.status?.message);
    assert.equal(late.status.outcome, "Changed", "with what the first one had not committed");
    assert.equal(late.status.result?.git?.filesChanged, 2);
    const later = await agents.until("later");
    assert.equal(later.status?.phase, "Succeeded", later.status?.message);
    assert.equal(later.status.published?.branch, "agent/first", "the branch of the run that it continues");
    await waitFor(
      client,
      persistentVolumeClaims,
      { namespace, name: "first-workspace" },
      ({ metadata }) => metadata.ownerReferences?.length === 2,
    );
    const again = await agents.run("first", { prompt: "commit" });
    assert.equal(again.status?.reason, "NameTaken");
    assert.match(again.status.message ?? "", /AgentRun (late|later) continues the work in it/);
    for (const name of ["first", "late", "later"]) await client.delete(agentRuns, { namespace, name });
    await waitForAbsence(client, persistentVolumeClaims, { namespace, name: "first-workspace" });
  });

  it("has a cancelled run's work verified and pushed, without an agent", async () => {
    await agents.create("stopped", { prompt: "Hang for ever" });
    await agents.untilSaid("stopped", /half\.txt/);
    await agents.cluster.kubectl("annotate", "agentrun", "stopped", "agent.xonovex.com/cancel=true");
    const stopped = await agents.until("stopped");
    assert.equal(stopped.status?.reason, "Cancelled");
    const verify = { command: ["cat", "half.txt"] };
    const { status } = await agents.run(
      "steps",
      next("stopped", { prompt: undefined, verify, publish: { ...publish, when: "Changed" } }),
    );
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.match(status.message ?? "", /the work of AgentRun stopped is taken as it is; commit/);
    assert.equal(status.verification?.output, "half.txt\n");
    assert.equal(await agents.repository.git("show", "agent/stopped:half.txt"), "half.txt");
    const last = await agents.run(
      "last",
      next("steps", { prompt: "Begin anew", publish, continueFrom: { run: "steps", session: "Fresh" } }),
    );
    assert.equal(last.status?.phase, "Succeeded", last.status?.message);
    assert.equal(
      await agents.repository.git("log", "--format=%s", "-1", "agent/stopped"),
      "anew.txt",
      "in place of the commit that the operator has made of what was not committed",
    );
    const { client, namespace } = agents.cluster;
    const { items } = await client.list(jobs, { namespace });
    assert.ok(!items.some(({ metadata }) => metadata.name === "steps"), "no agent starts");
  });

  it("two of one run push to one branch, the second over what the first has rewritten", async () => {
    const source = await agents.run("source", { prompt: "commit", publish });
    assert.equal(source.status?.phase, "Succeeded", source.status?.message);
    const continueFrom = { run: "source", session: "Fresh" as const };
    await agents.create("one", next("source", { prompt: "Rewrite once", publish, continueFrom }));
    await agents.until("one", ({ status }) => status?.phase === "Running");
    await agents.create("two", next("source", { prompt: "Rewrite twice", publish, continueFrom }));
    for (const name of ["one", "two"]) {
      const { status } = await agents.until(name);
      assert.equal(status?.phase, "Succeeded", status?.message);
      assert.equal(status.published?.branch, "agent/source");
    }
    assert.equal(await agents.repository.git("log", "--format=%s", "-1", "agent/source"), "twice");
    assert.equal(await agents.repository.git("rev-list", "--count", "main..agent/source"), "1");
  });

  it("goes on in the worktree of a workspace, on the same branch, whatever else wants that", async () => {
    const { client, namespace } = agents.cluster;
    const repository = { url: agents.repositoryUrl, credentialsSecretRef: publish.credentialsSecretRef };
    await agents.add(agentWorkspaces, {
      metadata: { name: "ws" },
      spec: { repository, accessMode: "ReadWriteOnce" },
    });
    const onWorkspace = { repository: undefined, workspaceRef: "ws" };
    const first = await agents.run("ws-1", {
      ...onWorkspace,
      worktree: { branch: "feature", cleanup: "OnDelete" },
      prompt: "commit",
      publish,
    });
    assert.equal(first.status?.phase, "Succeeded", first.status?.message);
    await agents.create(
      "ws-2",
      next("ws-1", { prompt: "Review this", publish, verify: { command: ["sleep", "3"] } }),
    );
    await agents.until("ws-2", ({ status }) => status?.phase === "Running");
    const other = await agents.run("other", {
      ...onWorkspace,
      worktree: { branch: "feature" },
      prompt: "commit",
    });
    assert.equal(other.status?.reason, "BranchInUse", other.status?.message);
    await client.delete(agentRuns, { namespace, name: "ws-1" });
    await waitForAbsence(client, agentRuns, { namespace, name: "ws-1" });
    const second = await agents.until("ws-2");
    assert.equal(second.status?.phase, "Succeeded", second.status?.message);
    assert.equal(second.status.result?.sessionId, first.status.result?.sessionId, "the same session");
    assert.equal(second.status.published?.branch, "feature");
    assert.equal(
      await agents.repository.git("log", "--format=%s", "-2", "feature"),
      "review.txt\nAdd HELLO.md",
    );
    const again = await agents.run("ws-1", {
      ...onWorkspace,
      worktree: { branch: "feature" },
      prompt: "commit",
    });
    assert.equal(again.status?.reason, "NameTaken", again.status?.message);
    const workspace = await client.get(agentWorkspaces, { namespace, name: "ws" });
    assert.deepEqual(
      workspace.status?.worktrees?.map(({ run, head }) => [run, head]).filter(([run]) => run !== "other"),
      [["ws-1", second.status.published.commit]],
    );
    const wrong = await agents.run("wrong", { ...next("ws-2", { prompt: "commit" }), agent: "codex" });
    assert.equal(wrong.status?.reason, "Unsupported", wrong.status?.message);
    await client.delete(agentRuns, { namespace, name: "wrong" });
    await client.delete(agentRuns, { namespace, name: "ws-2" });
    await waitForAbsence(client, agentRuns, { namespace, name: "ws-2" });
    await waitFor(
      client,
      agentWorkspaces,
      { namespace, name: "ws" },
      ({ status }) => !status?.worktrees?.some(({ run }) => run === "ws-1"),
    );
  });
});
