import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { pods, secrets } from "../../src/kube/builtin.ts";
import { API_KEY, useAgentCluster } from "../support/agent-cluster.ts";
import { aSecret } from "../support/objects.ts";
import { startCommand } from "../support/operator-program.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitForAbsence } from "../support/wait-for.ts";

const SCENARIOS = {
  commit: committingScenario(),
  leak: [
    { actions: [{ run: "echo $ANTHROPIC_API_KEY$ANTHROPIC_AUTH_TOKEN | tee leaked.txt" }] },
    { text: "Done." },
  ],
  busy: [
    { actions: [{ run: "printf 'half\\n' > half.txt; git add half.txt; git commit -qm Half" }] },
    { actions: [{ run: "printf 'more\\nbusy with a private matter\\n' > more.txt" }] },
    { actions: [{ run: "sleep 60" }] },
  ],
};

describe("agent-operator artifacts", { concurrency: 2, timeout: 150_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const fetched = (...args: string[]) => startCommand(agents.cluster, ["artifacts", ...args]).ended;

  async function assertNoHelperLeft(): Promise<void> {
    const { client, namespace } = agents.cluster;
    const { items } = await client.list(pods, {
      namespace,
      labelSelector: "app.kubernetes.io/component=artifacts",
    });
    for (const { metadata } of items)
      await waitForAbsence(client, pods, { namespace, name: metadata.name ?? "" });
  }

  describe("for a run that has ended", { concurrency: 2 }, () => {
    before(async () => {
      const { status } = await agents.run("done", { prompt: "commit" });
      assert.equal(status?.phase, "Succeeded", status?.message);
      const { client, namespace } = agents.cluster;
      await client.delete(pods, { namespace, name: status.podName ?? "" });
      await waitForAbsence(client, pods, { namespace, name: status.podName ?? "" });
    });

    it("prints a patch that applies, though the pod is gone", async () => {
      const { code, stdout, stderr } = await fetched("done", "--patch");
      assert.equal(code, 0, stderr);
      assert.equal(stderr, "");
      await using directory = await temporaryDirectory();
      await runOk("git", ["clone", "--quiet", agents.repository.path, directory.path]);
      await runOk("git", ["-C", directory.path, "apply"], { input: stdout });
      assert.equal(
        await readFile(join(directory.path, "HELLO.md"), "utf8"),
        "# Hello\n\nWritten by the agent.\n",
      );
    });

    it("writes everything into a directory, and leaves no pod", async () => {
      await using directory = await temporaryDirectory();
      const to = join(directory.path, "new");
      const { code, stdout, stderr } = await fetched("done", "-o", to);
      assert.equal(code, 0, stderr);
      const names = ["patch", "transcript.jsonl", "log"];
      assert.deepEqual(
        stdout.trim().split("\n"),
        names.map((name) => join(to, name)),
      );
      assert.match(await readFile(join(to, "transcript.jsonl"), "utf8"), /^\{"type":"result",/m);
      assert.match(await readFile(join(to, "log"), "utf8"), /^\{"type":"agent-operator","exitCode":0,/m);
      await assertNoHelperLeft();
    });
  });

  it("has no secret of the run's in any of them", async () => {
    const run = await agents.run("leak", { prompt: "leak" });
    assert.equal(run.status?.phase, "Succeeded", run.status?.message);
    await using directory = await temporaryDirectory();
    assert.equal((await fetched("leak", "-o", directory.path)).code, 0);
    assert.match(await readFile(join(directory.path, "patch"), "utf8"), /^\+\*\*\*$/m);
    for (const name of ["patch", "transcript.jsonl", "log"]) {
      assert.ok(!(await readFile(join(directory.path, name), "utf8")).includes(API_KEY), name);
    }
    assert.ok(!JSON.stringify(run).includes(API_KEY));
  });

  it("makes the patch from the claim where the run was killed before it could", async () => {
    const { client, namespace } = agents.cluster;
    await agents.add(secrets, aSecret("task", { text: "busy with a private matter\n" }));
    const promptFrom = { secretKeyRef: { name: "task", key: "text" } };
    await agents.create("killed", { prompt: undefined, promptFrom });
    await agents.untilSaid("killed", /sleep 60/);
    const { status } = await agents.until("killed", (run) => run.status?.podName !== undefined);
    await client.delete(pods, { namespace, name: status?.podName ?? "" }, { gracePeriodSeconds: 0 });
    const ended = await agents.until("killed");
    assert.equal(ended.status?.reason, "PodDeleted");
    const { code, stdout, stderr } = await fetched("killed", "--patch");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\+half$/m);
    // The pod has no Secret to leave out: ADR 12 and 16 say so of this patch alone.
    assert.match(stdout, /^\+more\n\+busy with a private matter$/m);
    await assertNoHelperLeft();
  });

  it("names the permission that the user lacks", async () => {
    const { kubectl, kubeconfig, namespace } = agents.cluster;
    await agents.create("theirs", { prompt: "commit", providerRef: "nobody" });
    await kubectl("create", "serviceaccount", "viewer");
    await kubectl("create", "role", "see-runs", "--verb=get", "--resource=agentruns.agent.xonovex.com");
    await kubectl(
      "create",
      "rolebinding",
      "see-runs",
      "--role=see-runs",
      `--serviceaccount=${namespace}:viewer`,
    );
    const token = (await kubectl("create", "token", "viewer")).trim();
    await using directory = await temporaryDirectory();
    const theirs = join(directory.path, "kubeconfig");
    const config = JSON.parse(await kubectl("config", "view", "--raw", "-o", "json")) as {
      users: { user: object }[];
    };
    for (const each of config.users) each.user = { token };
    await writeFile(theirs, JSON.stringify(config));
    assert.notEqual(theirs, kubeconfig);
    const as = { ...agents.cluster, kubeconfig: theirs, namespace };
    const { code, stderr } = await startCommand(as, ["artifacts", "theirs", "--patch"]).ended;
    assert.equal(code, 1);
    assert.match(stderr, /you lack the permission to create pods, which this command needs: .*viewer/);
  });

  it("says at once that a run which waits has left nothing", async () => {
    await agents.create("waits", { providerRef: "nowhere" });
    const { code, stderr } = await fetched("waits", "--patch");
    assert.equal(code, 1);
    assert.match(stderr, /the run has left nothing: .*persistentvolumeclaim "waits-workspace" not found/);
    await assertNoHelperLeft();
  });

  it("does not start where it cannot say where to", async () => {
    const { code, stderr } = await fetched("done");
    assert.equal(code, 2);
    assert.match(stderr, /give -o DIR, or one of --patch, --transcript and --logs/);
  });
});
