import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { findCondition } from "../../src/api/conditions.ts";
import { agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { jobs, type Pod, pods, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { aSecret } from "../support/objects.ts";
import { startOperatorProgram } from "../support/operator-program.ts";
import { waitForAbsence } from "../support/wait-for.ts";

const SCENARIOS = {
  // In the same conversation: the turns before are those of `commit`.
  "Mend the work": [
    ...committingScenario(),
    { actions: [{ run: "echo mended >mended.txt; git add .; git commit -qm Mended" }] },
    { text: "Mended." },
  ],
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

describe("a run with publish", { timeout: 480_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const publish = { credentialsSecretRef: { name: "push", key: "token" } };

  before(async () => {
    await agents.repository.git("config", "http.receivepack", "true");
  });

  it("waits for the credential, then pushes its commits and says where they are", async () => {
    const evil = "echo evil >HELLO.md; git -c user.name=x -c user.email=x@x commit -qam evil";
    const verify = { command: ["sh", "-c", `cat HELLO.md && ls -A ~ && ${evil}`] };
    await agents.create("done", { prompt: "commit", verify, publish });
    const waiting = await agents.until("done", ({ status }) => status?.reason === "SecretNotFound");
    assert.match(waiting.status?.message ?? "", /Secret push, which holds the credential to push with/);
    await agents.add(secrets, aSecret("push", { token: "tok3n-to-push-with" }));
    const { status } = await agents.until("done");
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(findCondition(status.conditions, "Published")?.status, "True");
    assert.equal(findCondition(status.conditions, "Verified")?.status, "True");
    assert.deepEqual(
      [status.verification?.verdict, status.verification?.output, status.verification?.commit],
      ["Passed", "# Hello\n\nWritten by the agent.\n", status.published?.commit],
    );
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

  it("fails if the work fails, unless that is nothing new", async () => {
    const verify = { command: ["sh", "-c", "test ! -f HELLO.md"] };
    const { status } = await agents.run("worse", {
      prompt: "commit",
      verify: { ...verify, gate: "NoRegression" },
      publish,
    });
    assert.equal(status?.reason, "VerificationFailed", status?.message);
    assert.match(status.message ?? "", /exit code 1, and passes on what the work started from/);
    assert.equal(await agents.repository.has("refs/heads/agent/worse"), false);
    const ended = await agents.run("known", {
      prompt: "commit",
      verify: { command: ["sh", "-c", "exit 3"], gate: "NoRegression" },
    });
    assert.equal(ended.status?.phase, "Succeeded", ended.status?.message);
    assert.equal(ended.status.verification?.verdict, "AlreadyFailing");
  });

  it("is verified again if somebody deletes the pod of that", async () => {
    const { client, namespace } = agents.cluster;
    await agents.create("deleted", {
      prompt: "commit",
      verify: { command: ["sh", "-c", "sleep 3; cat HELLO.md"] },
    });
    await agents.until("deleted", ({ status }) => status?.reason === "Verifying");
    const label = "agent.xonovex.com/step=verify,agent.xonovex.com/run=deleted";
    const at = { namespace, labelSelector: label };
    const [first] = await atWork(client, at);
    await client.delete(pods, { namespace, name: first?.metadata.name ?? "" }, { gracePeriodSeconds: 0 });
    const { status } = await agents.until("deleted");
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.deepEqual([status.verification?.verdict, status.verification?.restarts], ["Passed", 1]);
  });

  it("is not changed by a command that writes wherever it can, kills what it sees, fills what it can and prints much", async () => {
    const places =
      "/workspace /workspace-store /workspace-record /workspace-run /workspace-wt /workspace-handover";
    const attack = [
      `for place in ${places}; do echo evil >$place/HELLO.md; mkdir -p $place/refs/heads; done`,
      "git -c user.name=x -c user.email=x@x commit -qam evil; git update-ref refs/heads/agent-operator HEAD",
      "kill -KILL 1 $PPID",
      "(ls -A /workspace-*; env | grep -i -e token -e key; ls /etc/agent-operator) 2>/dev/null",
      "head -c 30000000 /dev/zero | tr '\\0' x",
      "head -c 30000000 /dev/zero >/tmp/full; head -c 30000000 /dev/zero >~/full",
      "printf '\\033]0;title\\007the end\\n'",
      "exit 0",
    ].join("; ");
    const verify = { command: ["sh", "-c", `setsid sh -c "$0" || true; echo over`, attack] };
    const { status } = await agents.run("attacked", { prompt: "commit", verify, publish });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(
      await agents.repository.git("show", "agent/attacked:HELLO.md"),
      "# Hello\n\nWritten by the agent.",
    );
    assert.equal(await agents.repository.git("log", "--format=%s", "-1", "agent/attacked"), "Add HELLO.md");
    assert.equal(status.verification?.commit, status.published?.commit);
    assert.ok((status.verification?.output ?? "").length <= 8192);
    assert.ok(!(status.verification?.output ?? "").includes("\u001B"));
  });

  it("ends a command that prints for ever at its timeout, and nothing is published", async () => {
    const command = ["sh", "-c", "trap 'exit 0' TERM; yes for ever & wait"];
    const verify = { command, timeout: "4s" };
    const { status } = await agents.run("endless", { prompt: "commit", verify, publish });
    assert.equal(status?.reason, "VerificationTimedOut", status?.message);
    assert.equal(await agents.repository.has("refs/heads/agent/endless"), false);
  });

  it("goes on in the agent's session until its work passes", async () => {
    const command = ["sh", "-c", "test -f mended.txt || { echo 'there is no mended.txt'; exit 7; }"];
    const verify = { command, feedback: { attempts: 2 } };
    const { status } = await agents.run("mended", { prompt: "commit", verify, publish });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.deepEqual(
      status.attempts?.map(({ reason, message }) => [reason, message]),
      [["VerificationFailed", "the command of verify ended with exit code 7"]],
    );
    assert.equal(status.attempts?.[0]?.result?.sessionId, status.result?.sessionId, "the same session");
    assert.deepEqual([status.verification?.verdict, status.result?.text], ["Passed", "Mended."]);
    const files = await agents.repository.git("ls-tree", "--name-only", "agent/mended");
    assert.deepEqual(files.split("\n"), ["HELLO.md", "README.md", "mended.txt"]);
    const asked = JSON.stringify(agents.model.requests.map(({ body }) => body));
    assert.match(asked, /failed with exit code 7/);
    assert.match(asked, /there is no mended\.txt/);
  });

  it("pushes from the worktree of a workspace whose repository is fetched with a credential", async () => {
    const repository = { url: agents.repositoryUrl, credentialsSecretRef: publish.credentialsSecretRef };
    await agents.add(agentWorkspaces, {
      metadata: { name: "ws" },
      spec: { repository, accessMode: "ReadWriteOnce" },
    });
    const { status } = await agents.run("shared", {
      repository: undefined,
      workspaceRef: "ws",
      worktree: { branch: "feature/shared", cleanup: "OnDelete" },
      prompt: "commit",
      verify: { command: ["sh", "-c", "git status --porcelain; git log -1 --format=%s"] },
      publish: { ...publish, when: "Changed" },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.output, "Add HELLO.md\n");
    assert.equal(status.published?.branch, "feature/shared");
    assert.equal(await agents.repository.git("rev-parse", "feature/shared"), status.published?.commit);
    const { client, namespace } = agents.cluster;
    await client.delete(agentRuns, { namespace, name: "shared" });
    await waitForAbsence(client, agentRuns, { namespace, name: "shared" });
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

describe("the steps after an agent", { timeout: 120_000 }, () => {
  const agents = useAgentCluster(SCENARIOS, { operator: false });
  const publish = { credentialsSecretRef: { name: "push", key: "token" } };

  before(async () => {
    await agents.repository.git("config", "http.receivepack", "true");
    await agents.add(secrets, aSecret("push", { token: "tok3n-to-push-with" }));
  });

  it("go on when the operator was killed in each of them, and end with a cancel", async () => {
    const { cluster } = agents;
    const verify = { command: ["sh", "-c", "sleep 2"] };
    let operator = await startOperatorProgram(cluster);
    await agents.create("killed", { prompt: "commit", verify, publish });
    for (const reason of ["Verifying", "Publishing"]) {
      await agents.until("killed", ({ status }) => status?.reason === reason || isEnded(status?.phase));
      operator.kill("SIGKILL");
      await operator.ended;
      operator = await startOperatorProgram(cluster);
    }
    await using last = operator;
    const { status } = await agents.until("killed");
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(await agents.repository.git("rev-parse", "agent/killed"), status.published?.commit);
    const { client, namespace } = cluster;
    const { items } = await client.list(jobs, { namespace });
    assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), [
      "killed",
      "killed-publish",
      "killed-verify",
    ]);

    await agents.create("stopped", { prompt: "commit", verify: { command: ["sleep", "600"] }, publish });
    await agents.until("stopped", ({ status: now }) => now?.reason === "Verifying");
    await cluster.kubectl("annotate", "agentrun", "stopped", "agent.xonovex.com/cancel=true");
    const stopped = await agents.until("stopped");
    assert.equal(stopped.status?.reason, "Cancelled");
    assert.equal(stopped.status.outcome, "Committed");
    await waitForAbsence(client, jobs, { namespace, name: "stopped-verify" });
    assert.ok(last.pid > 0);
  });
});

/** The pods of a step once their command is at work. */
async function atWork(client: Client, at: { namespace: string; labelSelector: string }): Promise<Pod[]> {
  for (;;) {
    const { items } = await client.list(pods, at);
    if (items.some(({ status }) => status?.containerStatuses?.[0]?.state?.running)) return items;
    await setTimeout(100);
  }
}

function isEnded(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed";
}
