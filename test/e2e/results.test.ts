import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agentRuns } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { jobs, persistentVolumeClaims, pods } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { startCommand, startOperatorProgram } from "../support/operator-program.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

const SCENARIOS = {
  busy: [{ actions: [{ run: "printf half > half.txt" }] }, { actions: [{ run: "sleep 60" }] }],
  brief: [{ actions: [{ run: "printf half > half.txt; sleep 3" }] }, { text: "Done." }],
  commit: committingScenario(),
  // The turn is the number of answers so far, which the session carries over.
  crash: [
    { actions: [{ run: "printf one > one.txt" }] },
    { actions: [{ run: "[ -e crashed ] || { touch crashed; kill -SEGV $PPID; }" }] },
    { text: "Done." },
  ],
  always: [{ actions: [{ run: "kill -SEGV $PPID" }] }],
};

describe("a run that is cancelled or expires", { concurrency: 2, timeout: 120_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);

  for (const agent of ["claude", "opencode"] as const) {
    it(`keeps its work and what it cost (${agent})`, async () => {
      const name = `cancel-${agent}`;
      const model = agent === "opencode" ? { model: "scripted-1" } : {};
      await agents.create(name, { prompt: `busy ${name}`, agent, ...model });
      await agents.untilSaid(name, agent === "claude" ? /sleep 60/ : /"step_finish"/);
      const { code, stdout, stderr } = await startCommand(agents.cluster, ["cancel", name]).ended;
      assert.equal(code, 0, stderr);
      assert.match(
        stdout,
        /Failed\/Cancelled: the run was cancelled; what the agent has done so far is kept/,
      );
      const { status } = await agents.until(name);
      assert.equal(status?.reason, "Cancelled");
      assert.equal(status.outcome, "Changed");
      assert.equal(status.result?.git?.filesChanged, 1);
      assert.ok(status.result?.sessionId);
      assert.ok(Number(status.result?.tokens?.output) >= 50);
      if (agent === "claude") assert.ok(Number(status.result?.costUSD) > 0);
    });
  }

  it("never starts when it is cancelled while it waits", async () => {
    await agents.create("waiting", { prompt: "commit", providerRef: "no-such-provider" });
    await agents.until("waiting", ({ status }) => status?.reason === "ProviderNotFound");
    const { code, stderr } = await startCommand(agents.cluster, ["cancel", "waiting"]).ended;
    assert.equal(code, 0, stderr);
    const { status } = await agents.until("waiting");
    assert.deepEqual([status?.phase, status?.reason, status?.jobName], ["Failed", "Cancelled", undefined]);
  });

  it("is told so by kubectl's annotation too, and a finished one stays as it is", async () => {
    const { kubectl, namespace, client } = agents.cluster;
    const done = await agents.run("done", { prompt: "commit" });
    assert.equal(done.status?.phase, "Succeeded", done.status?.message);
    await kubectl("annotate", "agentrun", "done", "agent.xonovex.com/cancel=true");
    const { code, stdout } = await startCommand(agents.cluster, ["cancel", "done"]).ended;
    assert.equal(code, 0);
    assert.match(stdout, /done has ended already: Succeeded\/Completed/);
    const after = await client.get(agentRuns, { namespace, name: "done" });
    assert.deepEqual(after.status, done.status);
  });

  it("goes with its Job and claim once its time to live is over", async () => {
    const { client, namespace } = agents.cluster;
    await agents.create("short-lived", { prompt: "commit", ttlSecondsAfterFinished: 1 });
    const ended = await agents.until("short-lived");
    assert.equal(ended.status?.phase, "Succeeded", ended.status?.message);
    await waitForAbsence(client, agentRuns, { namespace, name: "short-lived" });
    await waitForAbsence(client, jobs, { namespace, name: "short-lived" });
    await waitForAbsence(client, persistentVolumeClaims, { namespace, name: "short-lived-workspace" });
  });

  it("is not found under a wrong name, and the command says so", async () => {
    const { code, stderr } = await startCommand(agents.cluster, ["cancel", "nobody"]).ended;
    assert.equal(code, 1);
    assert.match(stderr, /there is no run nobody in namespace /);
  });
});

describe("a run that is tried again", { concurrency: 3, timeout: 180_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const reasons = ["AgentFailed" as const];

  for (const agent of ["claude", "opencode"] as const) {
    it(`keeps its work, goes on with its session and tells of each attempt (${agent})`, async () => {
      const task = `crash ${agent}`;
      const model = agent === "opencode" ? { model: "scripted-1" } : {};
      const retry = { limit: 2, reasons };
      await agents.create(`again-${agent}`, { prompt: task, agent, ...model, retry, timeout: "150s" });
      const { status } = await agents.until(`again-${agent}`, isFinished, 150_000);
      assert.equal(status?.phase, "Succeeded", status?.message);
      const [first, ...others] = status.attempts ?? [];
      assert.deepEqual([first?.number, first?.reason, others], [1, "AgentFailed", []]);
      assert.match(first?.message ?? "", /ended with exit code 1\d\d \(SIG(SEGV|ILL)\)/);
      assert.notEqual(first?.podName, status.podName);
      assert.ok(status.result?.sessionId);
      assert.equal(status.result.sessionId, first?.result?.sessionId);
      assert.equal(status.result.git?.filesChanged, 2);
      const used = [first?.result, status.result].map((result) => result?.tokens?.output ?? 0);
      assert.ok(used.every((count) => count > 0));
      assert.equal(status.usage?.tokens?.output, (used[0] ?? 0) + (used[1] ?? 0));
      assert.equal(status.timeout, "2m30s");
      const prompts = agents.model.requests
        .map(({ prompt }) => prompt)
        .filter((prompt) => prompt.includes(task));
      // A CLI may ask the model for the same turn again, so the requests are not counted.
      const isResumed = prompts.map((prompt) => prompt.includes("You were interrupted"));
      assert.deepEqual([isResumed[0], isResumed.at(-1)], [false, true]);
    });
  }

  it("fails for good after its last attempt, and for another reason at once", async () => {
    const last = await agents.run("limited", { prompt: "always", retry: { limit: 1, reasons } });
    assert.deepEqual([last.status?.reason, last.status?.attempts?.length], ["AgentFailed", 1]);
    const other = await agents.run("other", { prompt: "always", retry: { limit: 1, reasons: ["Evicted"] } });
    assert.deepEqual([other.status?.reason, other.status?.attempts], ["AgentFailed", undefined]);
  });
});

describe("a result", { concurrency: false, timeout: 120_000 }, () => {
  const agents = useAgentCluster(SCENARIOS, { operator: false });

  it("is read once, also when the operator was down as the agent ended", async () => {
    const { cluster } = agents;
    await using first = await startOperatorProgram(cluster);
    await agents.create("late", { prompt: "brief" });
    await agents.untilSaid("late", /sleep 3/);
    await agents.until("late", ({ status }) => status?.phase === "Running");
    first.kill("SIGKILL");
    await first.ended;
    const { items } = await cluster.client.list(pods, { namespace: cluster.namespace });
    const name = items[0]?.metadata.name ?? "";
    const at = { namespace: cluster.namespace, name };
    await waitFor(cluster.client, pods, at, ({ status }) =>
      Boolean(status?.containerStatuses?.[0]?.state?.terminated),
    );
    await using second = await startOperatorProgram(cluster);
    const run = await agents.until("late");
    assert.equal(run.status?.phase, "Succeeded", run.status?.message);
    assert.equal(run.status?.result?.git?.filesChanged, 1);
    assert.equal(run.status?.result?.tokens?.output, 100);
    second.kill("SIGKILL");
    await second.ended;
    await using third = await startOperatorProgram(cluster);
    await agents.run("after", { prompt: "commit" });
    const again = await cluster.client.get(agentRuns, { namespace: cluster.namespace, name: "late" });
    assert.deepEqual(again.status, run.status);
    assert.ok(third.pid > 0);
  });

  it("that is gone with its pod is not guessed", async () => {
    const { cluster } = agents;
    const { client, namespace } = cluster;
    const operator = await startOperatorProgram(cluster);
    await agents.create("gone", { prompt: "busy gone" });
    await agents.untilSaid("gone", /sleep 60/);
    const { status } = await agents.until("gone", (run) => run.status?.phase === "Running");
    operator.kill("SIGKILL");
    await operator.ended;
    const pod = { namespace, name: status?.podName ?? "" };
    await client.delete(pods, pod, { gracePeriodSeconds: 0 });
    await waitForAbsence(client, pods, pod);
    await waitFor(client, jobs, { namespace, name: "gone" }, (job) => job.status?.conditions !== undefined);
    await using again = await startOperatorProgram(cluster);
    const run = await agents.until("gone");
    assert.deepEqual([run.status?.phase, run.status?.reason], ["Failed", "PodDeleted"]);
    assert.match(run.status?.message ?? "", /the pod is gone and its result could not be read/);
    assert.equal(run.status?.result, undefined);
    assert.equal(run.status?.outcome, undefined);
    assert.ok(again.pid > 0);
  });
});
