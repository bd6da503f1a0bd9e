import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startGitHttpServer, type GitHttpServer } from "../support/git-http-server.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { createPod, giveToPod, makeOwn, repository, resolvedRun, type TestPod } from "./support/pod.ts";
import { createWorkspace } from "./support/workspace.ts";

const TOKEN = "tok3n-of-the-remote";

describe("the HEAD of a remote", { timeout: 180_000 }, () => {
  const stack = new AsyncDisposableStack();
  let root: string;
  let server: GitHttpServer;
  let number = 0;

  before(async () => {
    const directory = stack.use(await temporaryDirectory());
    root = directory.path;
    server = await startGitHttpServer({ root, user: "x-access-token", password: TOKEN });
    stack.defer(() => server.close());
  });
  after(() => stack.disposeAsync());

  /** A repository of the server, or of the disk where no credentials are. */
  const of = (name: string, withCredentials: boolean): ReturnType<typeof repository> =>
    withCredentials
      ? repository(`${server.url}/${name}`, { credentials: { name: "git", key: "token" } })
      : repository(join(root, name));
  const values = { "git/token": TOKEN };

  async function cloned(
    name: string,
    withCredentials: boolean,
    changes = {},
  ): Promise<[TestPod, number | null]> {
    const run = resolvedRun({ repository: of(name, withCredentials), ...changes });
    const pod = await createPod(join(root, `pod-${(number += 1)}`), run, { values });
    const { code } = await pod.clone();
    return [pod, code];
  }

  const branchOf = async (pod: TestPod, path = "/workspace"): Promise<string> =>
    (await runOk("git", ["-c", "safe.directory=*", "-C", pod.at(path), "branch", "--show-current"])).trim();

  /** A repository without commits, whose HEAD names `main`; then the branches. */
  async function unborn(name: string, branches: readonly string[]): Promise<void> {
    const path = join(root, name);
    await mkdir(path, { mode: 0o755 });
    await runOk("git", ["init", "--quiet", "--bare", "--initial-branch", "main", path]);
    if (branches.length === 0) return;
    const source = await createGitRepository(join(root, `${name}-source`));
    for (const branch of branches) await source.git("push", "--quiet", path, `main:refs/heads/${branch}`);
  }

  for (const withCredentials of [false, true]) {
    const how = withCredentials ? "with credentials" : "without credentials";

    test(`that has been renamed between two attempts is no hindrance, ${how}`, async () => {
      const name = `renamed-${withCredentials}`;
      const origin = await createGitRepository(join(root, name), { "README.md": "one\n" });
      const [pod, code] = await cloned(name, withCredentials);
      assert.equal(code, 0);
      assert.equal(await branchOf(pod), "main");
      await origin.git("branch", "--move", "main", "trunk");
      await origin.commit({ "README.md": "two\n" });
      const kept = await pod.clone();
      assert.equal(kept.code, 0, kept.stderr);
      assert.equal(await pod.read("/workspace/README.md"), "one\n");
      // As if the first attempt had been killed before its checkout was done.
      await rm(pod.at("/workspace-record"), { recursive: true });
      await makeOwn(pod.at("/workspace-record"));
      await giveToPod(pod.at("/workspace-record"));
      const again = await pod.clone();
      assert.equal(again.code, 0, again.stderr);
      // What was fetched is what counts; who has fetched nothing asks again.
      const expected = withCredentials ? ["main", "one\n"] : ["trunk", "two\n"];
      assert.deepEqual([await branchOf(pod), await pod.read("/workspace/README.md")], expected);
    });

    test(`that has been renamed is where the next run of a workspace starts, ${how}`, async () => {
      const name = `moved-${withCredentials}`;
      const origin = await createGitRepository(join(root, name), { "README.md": "one\n" });
      const workspace = await createWorkspace(join(root, `ws-${name}`), of(name, withCredentials), values);
      assert.equal((await workspace.initialize()).code, 0);
      await origin.git("branch", "--move", "main", "trunk");
      await origin.commit({ "README.md": "two\n" });
      const pod = await workspace.podOf("one", { branch: "agent/one" });
      const { code, stderr } = await pod.clone();
      assert.equal(code, 0, stderr);
      assert.equal(await pod.read("/workspace-wt/one/README.md"), "two\n");
    });

    test(`that is unborn leaves the only branch to be taken, an empty checkout, or a question, ${how}`, async () => {
      const name = (branches: number): string => `unborn-${branches}-${withCredentials}`;
      await unborn(name(0), []);
      await unborn(name(1), ["trunk"]);
      await unborn(name(2), ["one", "two"]);
      const [empty, ofEmpty] = await cloned(name(0), withCredentials);
      assert.equal(ofEmpty, 0);
      assert.equal(await branchOf(empty), "main");
      const [only, ofOnly] = await cloned(name(1), withCredentials);
      assert.equal(ofOnly, 0);
      assert.equal(await branchOf(only), "trunk");
      const [two, ofTwo] = await cloned(name(2), withCredentials);
      assert.equal(ofTwo, 64);
      assert.match(
        await two.message(),
        /names (main|a branch) that does not exist: set the branch; there are: one two\n$/,
      );
      const [none, ofNone] = await cloned(name(0), withCredentials, { worktree: { branch: "w" } });
      assert.equal(ofNone, 64);
      assert.match(await none.message(), /has no commits, so no worktree can be made from it\n$/);
    });

    test(`that is unborn: a workspace can be made, and its runs say what is missing, ${how}`, async () => {
      const name = `unborn-ws-${withCredentials}`;
      await unborn(name, []);
      const workspace = await createWorkspace(join(root, `ws-${name}`), of(name, withCredentials), values);
      const made = await workspace.initialize();
      assert.equal(made.code, 0, made.stderr);
      const pod = await workspace.podOf("one", { branch: "agent/one" });
      assert.equal((await pod.clone()).code, 64);
      assert.match(await pod.message(), /names no default branch: set spec\.worktree\.sourceBranch/);
      const source = await createGitRepository(join(root, `${name}-source`), { "README.md": "born\n" });
      await source.git("push", "--quiet", join(root, name), "main");
      const later = await workspace.podOf("two", { branch: "agent/two" });
      const { code, stderr } = await later.clone();
      assert.equal(code, 0, stderr);
      assert.equal(await later.read("/workspace-wt/two/README.md"), "born\n");
    });
  }
});
