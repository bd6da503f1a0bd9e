import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createGitRepository } from "../support/git-repository.ts";
import type { RunResult } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { repository } from "./support/pod.ts";
import type { TestPodOptions } from "./support/pod.ts";
import { createWorkspace, isSound, prepareKills } from "./support/workspace.ts";
import type { Kills, TestWorkspace } from "./support/workspace.ts";

const LANES = 3;

/**
 * Every script of a workspace is killed in each state in which it leaves the volumes between two of its commands, and
 * then run to its end.
 */
describe("a script of a workspace that is killed at any point", { timeout: 180_000 }, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let fresh: TestWorkspace;
  let empty: TestWorkspace;
  let kills: Kills;

  before(async () => {
    directory = await temporaryDirectory();
    kills = await prepareKills(directory.path);
    const origin = await createGitRepository(join(directory.path, "origin"), {
      "README.md": "one\n",
      "src/a.txt": "a\n",
    });
    empty = await createWorkspace(join(directory.path, "empty"), repository(origin.path, { branch: "main" }));
    fresh = await empty.copyTo(join(directory.path, "fresh"));
    assert.equal((await fresh.initialize()).code, 0);
  });
  after(() => directory[Symbol.asyncDispose]());

  /** A step of a workspace, as it is run to its end or killed on its way. */
  type Step = (workspace: TestWorkspace, options?: TestPodOptions) => Promise<RunResult>;

  /** Kills the step in each of its states, and lets `check` judge each second attempt. Returns how many there were. */
  async function sweep(
    from: () => Promise<TestWorkspace>,
    step: Step,
    check: (workspace: TestWorkspace) => Promise<void>,
  ): Promise<string> {
    const watched = await from();
    const states = await kills.statesOf(watched.place, async (shell) => {
      const { code, stderr } = await step(watched, { shell, timeoutMs: 120_000 });
      assert.equal(code, 0, stderr);
    });
    assert.ok(states.length > 5);
    const left = states.values();
    const lane = async (): Promise<void> => {
      for (const n of left) {
        const workspace = await from();
        const first = await step(workspace, { shell: kills.at(n) });
        assert.equal(first.signal, "SIGKILL", `before command ${n}: ${first.code} ${first.stderr}`);
        const second = await step(workspace);
        assert.equal(second.code, 0, `after a kill before command ${n}: ${second.stderr}`);
        await check(workspace);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return `${states.length} states`;
  }

  let copies = 0;
  const copyOf = (workspace: TestWorkspace) => (): Promise<TestWorkspace> =>
    workspace.copyTo(join(directory.path, `copy-${(copies += 1)}`));

  const worktree = { branch: "agent-1-work" };

  test("makes the checkout the second time", async (t) => {
    const initialize: Step = (workspace, options) => workspace.initialize(options);
    const states = await sweep(copyOf(empty), initialize, async (workspace) => {
      assert.equal(await workspace.git("main", "status", "--porcelain", "--branch"), "## main...origin/main");
      assert.equal(
        await workspace.git("main", "rev-parse", "HEAD"),
        await fresh.git("main", "rev-parse", "HEAD"),
      );
    });
    t.diagnostic(states);
  });

  test("adds the worktree the second time, with nothing half done", async (t) => {
    const add: Step = async (workspace, options) =>
      (await workspace.podOf("agent-1", worktree, options)).clone();
    const states = await sweep(copyOf(fresh), add, async (workspace) => {
      assert.equal(
        await workspace.git({ run: "agent-1" }, "status", "--porcelain", "--branch"),
        "## agent-1-work",
      );
      assert.deepEqual((await readdir(join(workspace.place, "workspace-wt/agent-1"))).toSorted(), [
        ".git",
        "README.md",
        "src",
      ]);
      const admin = await readdir(join(workspace.place, "workspace/.git/worktrees/agent-operator.agent-1"));
      assert.deepEqual(
        admin.filter((name) => name.startsWith("agent-operator") || name.endsWith(".lock")),
        [],
      );
      assert.match(await workspace.git("main", "worktree", "list"), /agent-1 +[0-9a-f]+ \[agent-1-work\]/);
    });
    t.diagnostic(states);
    const workspace = await copyOf(fresh)();
    assert.equal((await add(workspace)).code, 0);
    assert.ok(await isSound(join(workspace.place, "workspace")));
  });

  test("removes the worktree the second time, and the branch stays", async (t) => {
    const withWorktree = await copyOf(fresh)();
    assert.equal((await (await withWorktree.podOf("agent-1", worktree)).clone()).code, 0);
    const clean: Step = (workspace, options) => workspace.cleanUp("agent-1", options);
    const states = await sweep(copyOf(withWorktree), clean, async (workspace) => {
      await assert.rejects(stat(join(workspace.place, "workspace-wt/agent-1")));
      assert.doesNotMatch(await workspace.git("main", "worktree", "list"), /agent-1/);
      assert.ok(await workspace.git("main", "rev-parse", "--verify", "refs/heads/agent-1-work"));
    });
    t.diagnostic(states);
  });
});
