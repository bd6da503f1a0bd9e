import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentRuns } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { pods } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { startCommand } from "../support/operator-program.ts";
import { runOk, type RunningProgram } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const SCENARIOS = {
  commit: committingScenario(),
  half: [
    { actions: [{ run: "printf 'half\\n' > half.txt; git add half.txt; git commit -qm Half" }] },
    { actions: [{ run: "printf 'more\\n' > more.txt" }] },
    { actions: [{ run: "sleep 61" }] },
  ],
  wait: [{ actions: [{ run: "sleep 60" }] }, { text: "Done." }],
};

describe("agent-operator run", { concurrency: 2, timeout: 150_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const stack = new AsyncDisposableStack();
  let checkout = "";
  before(async () => {
    checkout = join(stack.use(await temporaryDirectory()).path, "checkout");
    await runOk("git", ["clone", "--quiet", agents.repositoryUrl, checkout]);
  });
  after(() => stack.disposeAsync());

  const command = (args: readonly [string, ...string[]], input?: string): RunningProgram =>
    startCommand(agents.cluster, args, { cwd: checkout, ...(input === undefined ? {} : { input }) });
  const inCheckout = async (...args: string[]): Promise<string> =>
    (await runOk("git", ["-C", checkout, ...args])).trim();
  const inFolder = (...args: string[]): RunningProgram =>
    command(["run", "--provider", "scripted", "--timeout", "60s", ...args]);

  it("takes a task in a checkout to a commit in a branch of it", async () => {
    const { code, stdout, stderr } = await inFolder("Please commit a greeting").ended;
    assert.equal(code, 0, stderr + stdout);
    const [, name = ""] = /^run +(commit-greeting-[a-z0-9]{5}) in namespace /m.exec(stdout) ?? [];
    for (const expected of [
      `repository  ${agents.repositoryUrl}, branch main`,
      "Running      AgentRunning",
      "Succeeded    Completed",
      "“ ",
      "→ ",
      "outcome  Committed",
      `agent-operator diff ${name} -n ${agents.cluster.namespace}`,
      `agent-operator pull ${name} -n ${agents.cluster.namespace}`,
    ])
      assert.ok(stdout.includes(expected), `${expected} in ${stdout}`);
    assert.equal(stderr, "");
    const home = await command(["pull", name.slice(0, -2)]).ended;
    assert.equal(home.code, 0, home.stderr);
    assert.match(
      home.stdout,
      new RegExp(`^branch agent/${name}: 1 commit\\(s\\) that HEAD does not have, at `),
    );
    assert.equal(
      await inCheckout("log", "--format=%an: %s", `HEAD..agent/${name}`),
      "Agent Operator: Add HELLO.md",
    );
    assert.equal(await inCheckout("status", "--porcelain", "--branch"), "## main...origin/main");
  });

  it("brings home what was not committed, also of a run that was killed", async () => {
    await command(["run", "half of it", "--provider", "scripted", "--name", "half", "--detach"]).ended;
    await agents.untilSaid("half", /sleep 61/);
    const { client, namespace } = agents.cluster;
    const { status } = await client.get(agentRuns, { namespace, name: "half" });
    await client.delete(pods, { namespace, name: status?.podName ?? "" }, { gracePeriodSeconds: 0 });
    await agents.until("half");
    const { code, stdout, stderr } = await command(["pull", "half", "--branch", "taken"]).ended;
    assert.equal(code, 0, stderr + stdout);
    assert.equal(
      await inCheckout("log", "--format=%s", "HEAD..taken"),
      "Work that the agent has not committed\nHalf",
    );
    assert.equal(await inCheckout("show", "taken:more.txt"), "more");
  });

  it("detaches at Ctrl-C, says how to come back, and leaves the run alone", async () => {
    const run = inFolder("--name", "left", "wait for me");
    await run.waitForOutput(/sleep 60/);
    run.kill("SIGINT");
    const { code, stderr } = await run.ended;
    assert.equal(code, 130);
    assert.match(stderr, /The run goes on\. To come back: {2}agent-operator logs -f left -n /);
    const { client, namespace } = agents.cluster;
    const { status } = await client.get(agentRuns, { namespace, name: "left" });
    assert.equal(status?.phase, "Running");
    const cancelled = await command(["cancel", "lef"]).ended;
    assert.match(cancelled.stdout, /^left: Failed\/Cancelled/);
  });

  it("takes the task from standard input and says nothing but the object with -o and --detach", async () => {
    const args = ["run", "-", "--provider", "scripted", "--detach", "-o", "name", "--name", "piped"] as const;
    const { code, stdout, stderr } = await command(args, "commit this\nand no more\n").ended;
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "agentrun.agent.xonovex.com/piped\n");
    const { client, namespace } = agents.cluster;
    const { spec } = await client.get(agentRuns, { namespace, name: "piped" });
    assert.equal(spec.prompt, "commit this\nand no more\n");
  });

  it("begins with a manifest, and prints what the server makes of it with --dry-run", async () => {
    await writeFile(
      join(checkout, "run.yaml"),
      "apiVersion: agent.xonovex.com/v1alpha1\nkind: AgentRun\nmetadata: {name: base}\nspec: {agent: codex, prompt: old, maxTurns: 7, repository: {url: https://example.com/r.git}}\n",
    );
    const args = [
      "run",
      "new",
      "--from",
      "run.yaml",
      "--agent",
      "claude",
      "--dry-run",
      "-o",
      "json",
    ] as const;
    const { code, stdout, stderr } = await command(args).ended;
    assert.equal(code, 0, stderr);
    const { metadata, spec } = JSON.parse(stdout) as AgentRun;
    assert.equal(metadata.name, "base");
    assert.deepEqual(spec, {
      agent: "claude",
      prompt: "new",
      maxTurns: 7,
      repository: { url: "https://example.com/r.git" },
    });
    const { client, namespace } = agents.cluster;
    await assert.rejects(client.get(agentRuns, { namespace, name: "base" }), /not found/);
  });

  it("ends with 3 if the run took longer than its timeout, as list -w shows meanwhile", async () => {
    await using watching = command(["list", "--watch"]);
    await watching.waitForOutput(/^NAME +AGENT +PHASE/);
    const { code, stdout, stderr } = await command([
      "run",
      "--provider",
      "scripted",
      "--timeout",
      "3s",
      "--name",
      "late",
      "wait",
    ]).ended;
    assert.equal(code, 3, stderr + stdout);
    assert.match(stdout, /TimedOut +DeadlineExceeded/);
    await watching.waitForOutput(/^late +claude +TimedOut/m);
    assert.match(
      watching.output.stdout,
      /^late +claude +(?:Initializing|Running) [\s\S]*^late +claude +TimedOut/m,
    );
    watching.kill("SIGINT");
    assert.equal((await watching.ended).code, 130);
  });

  it("shows why a run failed, and ends with 1", async () => {
    const { code, stdout } = await inFolder("--branch", "nowhere", "commit it").ended;
    assert.equal(code, 1);
    assert.match(stdout, /Failed +CloneFailed\n +.*nowhere/);
    assert.match(stdout, /^see why: +agent-operator show /m);
  });

  const refused: [string[], RegExp][] = [
    [
      ["--name", "Not_A_Name", "commit"],
      /^agent-operator: AgentRun\.agent\.xonovex\.com "Not_A_Name" is invalid/,
    ],
    [["--context", "nowhere", "commit"], /contexts has no entry "nowhere"/],
    [["--as", "nobody", "commit"], /User "nobody" cannot create resource "agentruns"/],
    [["--repo", "/", "commit"], /--repo: \/ is in no git repository/],
  ];
  for (const [args, message] of refused) {
    it(`says what is wrong with ${args.slice(0, 2).join(" ")}`, async () => {
      const { code, stderr } = await inFolder(...args).ended;
      assert.notEqual(code, 0);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\/apis\/|\n +at /);
    });
  }
});
