import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentRuns, agentSchedules } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { pods } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { startCommand } from "../support/operator-program.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitForAbsence } from "../support/wait-for.ts";

const ESCAPE = "\u001B]0;title\u0007\u001B[2J";
const SCENARIOS = {
  commit: committingScenario(),
  hostile: [{ text: `a${ESCAPE}b` }],
  busy: [{ fault: { status: 500 }, faultTimes: 1 }, { text: "Done." }],
};

describe("the commands that look at runs", { concurrency: 2, timeout: 200_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const command = (...args: [string, ...string[]]) => startCommand(agents.cluster, args).ended;
  before(async () => {
    const { client, namespace } = agents.cluster;
    const [done] = await Promise.all([
      agents.run("done", { prompt: "commit" }),
      agents.run("wrong", { prompt: "commit", repository: { url: `${agents.repositoryUrl}/nowhere` } }),
      agents.run("hostile", { prompt: `hostile ${ESCAPE}` }),
    ]);
    const at = { namespace, name: done.status?.podName ?? "" };
    await client.delete(pods, at, { gracePeriodSeconds: 0 });
    await waitForAbsence(client, pods, at);
  });

  it("lists runs as kubectl does", async () => {
    for (const options of [[], ["-o", "wide"], ["-o", "name"]]) {
      const { code, stdout, stderr } = await command("list", ...options);
      assert.equal(code, 0, stderr);
      const theirs = await agents.cluster.kubectl("get", "agentruns", ...options);
      assert.deepEqual(withoutAges(stdout), withoutAges(theirs));
    }
  });

  it("lists those of a phase, of all namespaces, and as objects", async () => {
    const failed = await command("list", "--phase", "Failed", "-o", "name");
    assert.equal(failed.stdout, "agentrun.agent.xonovex.com/wrong\n");
    const { items } = JSON.parse((await command("list", "-o", "json")).stdout) as { items: AgentRun[] };
    assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), ["done", "hostile", "wrong"]);
    const refused = await command("list", "-A");
    assert.match(refused.stderr, /--all-namespaces and --namespace exclude each other/);
  });

  it("shows a run that has succeeded, and one that has failed with what to do", async () => {
    const done = await command("show", "do");
    assert.equal(done.code, 0, done.stderr);
    for (const part of [
      /^done {2}Succeeded/,
      /^task +commit$/m,
      /agent started$/m,
      /^outcome +Committed$/m,
      /agent-operator pull done /,
    ])
      assert.match(done.stdout, part);
    const wrong = await command("show", "wrong");
    for (const part of [
      /^wrong {2}Failed +CloneFailed/,
      /^why +.*nowhere/m,
      /^to do +See git's error in the message/m,
      /^try again: +agent-operator retry wrong/m,
    ])
      assert.match(wrong.stdout, part);
  });

  it("shows what an agent said and did, also after its pod is gone", async () => {
    const { code, stdout, stderr } = await command("logs", "done");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /“ I will write the file\.\n +→ Write: .*HELLO\.md\n +→ Bash: git add/);
    const raw = await command("logs", "done", "--raw");
    assert.match(raw.stdout, /^\{"type":"result",/m);
  });

  it("follows a run from before its pod to its end, and shows a model that does not answer", async () => {
    await agents.create("busy", { prompt: "busy" });
    const { code, stdout, stderr } = await command("logs", "busy", "-f");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /↻ the model did not answer \(500\), attempt 1 of /);
    assert.match(stdout, /Succeeded +Completed/);
  });

  it("prints a patch that git applies", async () => {
    const { code, stdout, stderr } = await command("diff", "done");
    assert.equal(code, 0, stderr);
    await using directory = await temporaryDirectory();
    const to = join(directory.path, "clone");
    await runOk("git", ["clone", "--quiet", agents.repository.path, to]);
    await runOk("git", ["-C", to, "apply"], { input: stdout });
  });

  it("gives a task again under a new name", async () => {
    const { code, stdout, stderr } = await command("retry", "done");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^run +done-2, as done was$/m);
    assert.match(stdout, /^outcome +Committed$/m);
  });

  it("goes on with a run in its session, and shows which run does", async () => {
    const { code, stdout, stderr } = await command(
      "resume",
      "done",
      "go on with this",
      "--name",
      "done-again",
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^run +done-again, which continues done$/m);
    const shown = await command("show", "done");
    assert.match(shown.stdout, /^goes on +as done-again \(Succeeded\)$/m);
    assert.match(shown.stdout, /^go on with it: +agent-operator resume done .*"FEEDBACK"$/m);
    const again = await command("show", "done-again");
    assert.match(again.stdout, /^after +done, which it continues$/m);
    assert.match(again.stdout, /^where +http.*, branch main$/m);
    const wrong: [string[], RegExp][] = [
      [["done"], /FEEDBACK is missing: what the agent of done is to do next/],
      [[], /FEEDBACK is missing/],
      [["done", "x", "--steps"], /with --steps no agent starts/],
      [["done", "--steps"], /done has neither verify nor publish/],
      [["done", "x", "--local"], /run --local keeps nothing that could be continued/],
      [["done", "  "], /FEEDBACK is empty/],
    ];
    for (const [words, why] of wrong) {
      const refused = await command("resume", ...words);
      assert.match(refused.stderr, why);
      assert.notEqual(refused.code, 0);
    }
  });

  it("starts a run of a schedule, also of one that is suspended", async () => {
    const { cluster, repositoryUrl } = agents;
    const { client, namespace } = cluster;
    const spec = { prompt: "commit", providerRef: "scripted", repository: { url: repositoryUrl } };
    await client.create(agentSchedules, {
      metadata: { name: "nightly", namespace },
      spec: { schedule: "0 4 * * *", timeZone: "Europe/Berlin", suspend: true, runTemplate: { spec } },
    });
    const { code, stdout, stderr } = await command("start", "schedule/nightly");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^run +nightly-now, of schedule nightly$/m);
    assert.match(stdout, /^outcome +Committed$/m);
    const again = await command("start", "nightly", "--detach", "-o", "name");
    assert.equal(again.stdout, "agentrun.agent.xonovex.com/nightly-now-2\n", again.stderr);
    const wrong = await command("start", "schedule/nigthly");
    assert.match(
      wrong.stderr,
      /there is no AgentSchedule nigthly in namespace \S+ \(did you mean nightly\?\)/,
    );
    const row = await cluster.kubectl("get", "agentschedule", "nightly", "--no-headers");
    assert.match(
      row,
      /^nightly +0 4 \* \* \* +Europe\/Berlin +true +0 +\d+s$|^nightly .* true +0 +<none> +\d+s$/m,
    );
    await cluster.kubectl("delete", "agentschedule", "nightly");
    await waitForAbsence(client, agentRuns, { namespace, name: "nightly-now" });
  });

  it("lets nothing that an agent, a task or a status says steer the terminal", async () => {
    for (const args of [
      ["show", "hostile"],
      ["logs", "hostile"],
      ["logs", "hostile", "--raw"],
      ["show", "hostile", "-o", "yaml"],
      ["list", "-o", "json"],
    ] as [string, ...string[]][]) {
      const { code, stdout, stderr } = await command(...args);
      assert.equal(code, 0, stderr);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(stdout, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/, args.join(" "));
    }
  });

  it("says what there is for a name that there is not", async () => {
    const { code, stderr } = await command("show", "dome");
    assert.equal(code, 1);
    assert.match(stderr, /^agent-operator: there is no run dome in namespace \S+ \(did you mean done\?\)\n$/);
  });
});

/** Tables without what changes by the second. */
function withoutAges(table: string): string[] {
  return table
    .trim()
    .split("\n")
    .map((line) =>
      line
        .replaceAll(/\b[0-9]+(m[0-9]+)?[sm]\b/g, "AGE")
        .replaceAll(/ +/g, " ")
        .trimEnd(),
    );
}
