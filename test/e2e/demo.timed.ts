import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { NAMED_AGENTS } from "../../src/api/agent-types.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { checkoutProgram, projectRoot } from "../support/project-files.ts";
import { assertNothingLeft } from "../support/leftovers.ts";
import type { RunningProgram } from "../support/run.ts";
import { start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const LIMIT_MS = 15_000;

describe("agent-operator demo", { concurrency: false, timeout: 300_000 }, () => {
  for (const agent of NAMED_AGENTS) {
    it(`takes ${agent} from a manifest to a commit in under 15 s and leaves nothing behind`, async (t) => {
      await using directory = await temporaryDirectory();
      const startedAt = performance.now();
      const { code, stdout, stderr } = await startDemo(directory.path, ["--agent", agent]).ended;
      const tookMs = performance.now() - startedAt;
      t.diagnostic(`${agent}: ${Math.round(tookMs)} ms`);
      assert.equal(code, 0, stderr + stdout);
      assert.equal(stderr, "");
      const phases = [...stdout.matchAll(/^ *[\d.]+s {2}(Pending|Initializing|Running|Succeeded)\b/gm)].map(
        (m) => m[1],
      );
      assert.deepEqual([...new Set(phases)], ["Pending", "Initializing", "Running", "Succeeded"]);
      for (const expected of [
        /“ The greeting is misspelled/,
        /→ \w+: .*\.\/test\.sh/i,
        /^said +greet\.sh said Helo/m,
        /^outcome +Committed/m,
        /^commit +[0-9a-f]{40} on main/m,
        /^changes +1 commit\(s\), 1 file\(s\), \+1 -1/m,
        /^-printf 'Helo/m,
        /^\+printf 'Hello/m,
        /^tokens +[1-9]\d* in, [1-9]\d* out/m,
        ...(["claude", "opencode"].includes(agent) ? [/^cost +\$\d+\.\d+/m] : []),
      ]) {
        assert.match(stdout, expected);
      }
      assert.ok(tookMs < LIMIT_MS, `took ${Math.round(tookMs)} ms`);
      await assertNothingLeft(directory.path);
    });
  }

  it("has the work verified, mended, pushed and proposed, and shows the pull request", async () => {
    await using directory = await temporaryDirectory();
    const { code, stdout, stderr } = await startDemo(directory.path, ["--publish"], 150_000).ended;
    assert.equal(code, 0, stderr + stdout);
    for (const expected of [
      /Running +Verifying/,
      /Retrying/,
      /the command of verify ended with exit code 1/,
      /→ \w+: .*s\/Hallo\/Hello\//,
      /Running +Publishing/,
      /Succeeded +Completed/,
    ])
      assert.match(stdout, expected);
    const pullRequest = JSON.parse(/^\{$[^]*^\}$/m.exec(stdout)?.[0] ?? "") as Record<string, unknown>;
    assert.equal(pullRequest["number"], 1);
    assert.match(String(pullRequest["title"]), /Spell the greeting right$/);
    assert.match(String(pullRequest["html_url"]), /^http:\/\/127\.0\.0\.1:\d+\/demo\/greeter\/pulls\/1$/);
    await assertNothingLeft(directory.path);
  });

  it("shows four agents side by side on one workspace, and leaves nothing behind", async () => {
    await using directory = await temporaryDirectory();
    const { code, stdout, stderr } = await startDemo(directory.path, ["--workspace"]).ended;
    assert.equal(code, 0, stderr + stdout);
    for (const [name, agent] of [
      ["fix-typo", "claude"],
      ["write-usage", "claude"],
      ["add-makefile", "opencode"],
      ["add-editorconfig", "opencode"],
    ]) {
      assert.match(stdout, new RegExp(`^ *[\\d.]+s  ${name} +Running`, "m"));
      assert.match(stdout, new RegExp(`^ *[\\d.]+s  ${name} +“ `, "m"));
      assert.match(
        stdout,
        new RegExp(`^${name} +${agent} +Succeeded +[0-9a-f]{12} +agent/${name} +1 commit`, "m"),
      );
    }
    assert.match(stdout, /^AgentWorkspace greeter: Ready, 4 worktrees$/m);
    await assertNothingLeft(directory.path);
  });

  it("prints the final AgentRun and nothing else with --json, for a repository of the user's", async () => {
    await using directory = await temporaryDirectory();
    const repository = await createGitRepository(`${directory.path}/mine`);
    const head = await repository.git("rev-parse", "HEAD");
    await using scratch = await temporaryDirectory();
    const { code, stdout, stderr } = await startDemo(scratch.path, ["--json", "--repo", repository.path])
      .ended;
    assert.equal(code, 0, stderr);
    const run = JSON.parse(stdout) as AgentRun;
    assert.equal(run.kind, "AgentRun");
    assert.equal(run.status?.phase, "Succeeded");
    assert.equal(run.status?.outcome, "Committed");
    assert.equal(run.status?.result?.git?.baseCommit, head);
    assert.equal(await repository.git("rev-parse", "HEAD"), head, "the user's repository is as it was");
    await assertNothingLeft(scratch.path);
  });

  it("says why and ends with 1 when the repository is none", async () => {
    await using directory = await temporaryDirectory();
    const { code, stdout, stderr } = await startDemo(directory.path, ["--json", "--repo", directory.path])
      .ended;
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^agent-operator: git could not prepare the repository: fatal: .*\n$/);
    await assertNothingLeft(directory.path);
  });

  it("does not start --live without a key", async () => {
    await using directory = await temporaryDirectory();
    const { code, stderr } = await startDemo(directory.path, ["--live"]).ended;
    assert.equal(code, 1);
    assert.match(stderr, /ANTHROPIC_API_KEY/);
  });

  it("refuses --publish beside what it has of its own", async () => {
    await using directory = await temporaryDirectory();
    for (const other of [["--live"], ["--workspace"], ["--repo", "."]]) {
      const { code, stderr } = await startDemo(directory.path, ["--publish", ...other]).ended;
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--publish shows a run of its own/);
    }
  });

  for (const [when, pattern] of [
    ["while the agent runs", / {2}Running\b/],
    ["while it is kept up", /export KUBECONFIG=/],
  ] as const) {
    it(`removes everything on Ctrl-C ${when}`, async () => {
      await using directory = await temporaryDirectory();
      await using demo = startDemo(directory.path, ["--keep"]);
      await demo.waitForOutput(pattern);
      demo.kill("SIGINT");
      const { code } = await demo.ended;
      assert.equal(code, when === "while it is kept up" ? 0 : 130);
      await assertNothingLeft(directory.path);
    });
  }
});

function startDemo(temporary: string, args: string[], timeoutMs = 90_000): RunningProgram {
  const { ANTHROPIC_API_KEY: _, ...environment } = process.env;
  return start(process.execPath, [checkoutProgram, "demo", ...args], {
    cwd: projectRoot,
    env: { ...environment, TMPDIR: temporary },
    timeoutMs,
  });
}
