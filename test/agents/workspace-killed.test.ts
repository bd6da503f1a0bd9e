import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createGitRepository } from "../support/git-repository.ts";
import type { RunResult } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { repository } from "./support/pod.ts";
import { createWorkspace, isSound, prepareKills } from "./support/workspace.ts";
import type { TestWorkspace } from "./support/workspace.ts";

/** Longer than any of the scripts, so that one that never ends by itself is noticed. */
const MOST_COMMANDS = 400;
const LANES = 3;

/** Every second command is killed: all of them would take a minute. */
const STRIDE = 2;

/** Every script of a workspace is killed before its commands in turn, and then run to its end. */
describe("a script of a workspace that is killed at any point", { timeout: 180_000 }, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let fresh: TestWorkspace;
  let empty: TestWorkspace;
  let killedAt: Awaited<ReturnType<typeof prepareKills>>;

  before(async () => {
    directory = await temporaryDirectory();
    killedAt = await prepareKills(directory.path);
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
  type Step = (workspace: TestWorkspace, shell?: readonly string[]) => Promise<RunResult>;

  /** Kills the step before its n-th command, for every n, and lets `check` judge each second attempt. */
  async function sweep(
    from: () => Promise<TestWorkspace>,
    step: Step,
    check: (workspace: TestWorkspace) => Promise<void>,
  ): Promise<number> {
    let next = 1;
    let commands = MOST_COMMANDS;
    const lane = async (): Promise<void> => {
      while (next <= commands) {
        const n = next;
        next += STRIDE;
        const workspace = await from();
        const first = await step(workspace, killedAt(n));
        if (first.signal === null) {
          assert.equal(first.code, 0, first.stderr);
          commands = Math.min(commands, n - 1);
          continue;
        }
        const second = await step(workspace);
        assert.equal(second.code, 0, `after a kill before command ${n}: ${second.stderr}`);
        await check(workspace);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    assert.ok(commands < MOST_COMMANDS);
    return commands;
  }

  let copies = 0;
  const copyOf = (workspace: TestWorkspace) => (): Promise<TestWorkspace> =>
    workspace.copyTo(join(directory.path, `copy-${(copies += 1)}`));

  const worktree = { branch: "agent-1-work" };

  test("makes the checkout the second time", async (t) => {
    const initialize: Step = (workspace, shell) => workspace.initialize(shell && { shell });
    const commands = await sweep(copyOf(empty), initialize, async (workspace) => {
      assert.equal(await workspace.git("main", "status", "--porcelain", "--branch"), "## main...origin/main");
      assert.equal(
        await workspace.git("main", "rev-parse", "HEAD"),
        await fresh.git("main", "rev-parse", "HEAD"),
      );
    });
    t.diagnostic(`${commands} commands`);
  });

  test("adds the worktree the second time, with nothing half done", async (t) => {
    const add: Step = async (workspace, shell) =>
      (await workspace.podOf("agent-1", worktree, shell && { shell })).clone();
    const commands = await sweep(copyOf(fresh), add, async (workspace) => {
      assert.equal(
        await workspace.git({ run: "agent-1" }, "status", "--porcelain", "--branch"),
        "## agent-1-work",
      );
      assert.deepEqual((await readdir(join(workspace.place, "workspace-wt/agent-1"))).toSorted(), [
        ".git",
        "README.md",
        "src",
      ]);
      const admin = await readdir(join(workspace.place, "workspace/.git/worktrees/agent-1"));
      assert.deepEqual(
        admin.filter((name) => name.startsWith("agent-operator") || name.endsWith(".lock")),
        [],
      );
      assert.match(await workspace.git("main", "worktree", "list"), /agent-1 +[0-9a-f]+ \[agent-1-work\]/);
    });
    t.diagnostic(`${commands} commands`);
    const workspace = await copyOf(fresh)();
    assert.equal((await add(workspace)).code, 0);
    assert.ok(await isSound(join(workspace.place, "workspace")));
  });

  test("removes the worktree the second time, and the branch stays", async (t) => {
    const withWorktree = async (): Promise<TestWorkspace> => {
      const workspace = await copyOf(fresh)();
      assert.equal((await (await workspace.podOf("agent-1", worktree)).clone()).code, 0);
      return workspace;
    };
    const clean: Step = (workspace, shell) => workspace.cleanUp("agent-1", shell && { shell });
    const commands = await sweep(withWorktree, clean, async (workspace) => {
      await assert.rejects(stat(join(workspace.place, "workspace-wt/agent-1")));
      assert.doesNotMatch(await workspace.git("main", "worktree", "list"), /agent-1/);
      assert.ok(await workspace.git("main", "rev-parse", "--verify", "refs/heads/agent-1-work"));
    });
    t.diagnostic(`${commands} commands`);
  });
});
