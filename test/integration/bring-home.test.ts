import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createGitRepository, type GitRepository } from "../support/git-repository.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { bringHome } from "../../src/cli/bring-home.ts";

/** A repository of a user's, one of an agent's that began with it, and the way home. */
async function twoRepositories(stack: AsyncDisposableStack) {
  const { path: directory } = stack.use(await temporaryDirectory());
  const user = await createGitRepository(join(directory, "user"));
  const agentPath = join(directory, "agent");
  await runOk("git", ["clone", "--quiet", user.path, agentPath]);
  const base = await user.git("rev-parse", "HEAD");
  const agent = (...args: string[]): Promise<string> =>
    runOk("git", ["-C", agentPath, "-c", "user.name=A", "-c", "user.email=a@example.com", ...args]).then(
      (text) => text.trim(),
    );
  const config = {
    path: process.env["PATH"] ?? "",
    homeDirectory: directory,
  };
  const bundleOf = async (...revisions: string[]): Promise<Buffer> => {
    const file = join(directory, "made.bundle");
    await agent("bundle", "create", "-q", file, ...revisions);
    return readFile(file);
  };
  const bring = (bundle: Uint8Array, branch = "agent/x") =>
    bringHome(config, { bundle, root: user.path, branch });
  const commit = async (name: string): Promise<string> => {
    await writeFile(join(agentPath, name), `${name}\n`);
    await agent("add", name);
    await agent("commit", "-qm", name);
    await agent("branch", "-f", "agent-operator");
    return agent("rev-parse", "HEAD");
  };
  return { user, agent, base, bundleOf, bring, commit };
}

async function stateOf({ git }: GitRepository): Promise<string> {
  return `${await git("status", "--porcelain=v2", "--branch")}\n${await git("for-each-ref")}`;
}

describe("bringHome", () => {
  it("makes a branch of the commits and leaves everything else as it is", async () => {
    await using stack = new AsyncDisposableStack();
    const { user, base, bundleOf, bring, commit } = await twoRepositories(stack);
    await writeFile(join(user.path, "mine.txt"), "not committed\n");
    const before = await stateOf(user);
    await commit("one");
    const tip = await commit("two");
    const home = await bring(await bundleOf("agent-operator", `^${base}`));
    assert.deepEqual(home, { branch: "agent/x", commit: tip, commits: 2, wasThere: false });
    assert.equal(await user.git("rev-parse", "agent/x"), tip);
    await user.git("branch", "-q", "-D", "agent/x");
    assert.equal(await stateOf(user), before);
  });

  it("goes on with a branch that it has made, and says so if nothing is new", async () => {
    await using stack = new AsyncDisposableStack();
    const { base, bundleOf, bring, commit } = await twoRepositories(stack);
    await commit("one");
    const first = await bundleOf("agent-operator", `^${base}`);
    await bring(first);
    assert.equal((await bring(first)).wasThere, true);
    const tip = await commit("two");
    assert.equal((await bring(await bundleOf("agent-operator", `^${base}`))).commit, tip);
  });

  it("leaves a branch alone that holds other work", async () => {
    await using stack = new AsyncDisposableStack();
    const { user, base, bundleOf, bring, commit } = await twoRepositories(stack);
    await commit("one");
    await user.git("checkout", "-q", "-b", "agent/x");
    await user.git("commit", "-qm", "mine", "--allow-empty");
    await user.git("checkout", "-q", "main");
    const before = await stateOf(user);
    await assert.rejects(
      bring(await bundleOf("agent-operator", `^${base}`)),
      /agent\/x exists and holds other work/,
    );
    assert.equal(await stateOf(user), before);
  });

  it("does not touch the branch that is checked out", async () => {
    await using stack = new AsyncDisposableStack();
    const { user, base, bundleOf, bring, commit } = await twoRepositories(stack);
    await commit("one");
    const before = await stateOf(user);
    await assert.rejects(
      bring(await bundleOf("agent-operator", `^${base}`), "main"),
      /branch main is checked out/,
    );
    assert.equal(await stateOf(user), before);
  });

  it("names the commit that is missing here", async () => {
    await using stack = new AsyncDisposableStack();
    const { bundleOf, bring, commit } = await twoRepositories(stack);
    const missing = await commit("one");
    await commit("two");
    await assert.rejects(
      bring(await bundleOf("agent-operator", `^${missing}`)),
      new RegExp(`lacks commit ${missing}`),
    );
  });

  it("takes no other refs than the one that the operator has named", async () => {
    await using stack = new AsyncDisposableStack();
    const { user, agent, base, bundleOf, bring, commit } = await twoRepositories(stack);
    await commit("one");
    await agent("tag", "v1");
    await agent("branch", "other");
    const before = await stateOf(user);
    for (const refs of [["other"], ["agent-operator", "other"], ["v1", "agent-operator"]])
      await assert.rejects(bring(await bundleOf(...refs, `^${base}`)), /not the bundle of one run/);
    await assert.rejects(bring(Buffer.from("no bundle")), /not the bundle of one run/);
    assert.equal(await stateOf(user), before);
  });

  it("refuses objects that git finds unsafe", async () => {
    await using stack = new AsyncDisposableStack();
    const { user, agent, base, bundleOf, bring } = await twoRepositories(stack);
    const blob = await agent("hash-object", "-w", "--stdin");
    const entry = Buffer.concat([Buffer.from("100644 .git\0"), Buffer.from(blob, "hex")]);
    const file = join(user.path, "..", "tree");
    await writeFile(file, entry);
    const tree = await agent("hash-object", "-w", "--literally", "-t", "tree", file);
    const evil = await agent("commit-tree", tree, "-p", base, "-m", "evil");
    await agent("update-ref", "refs/heads/agent-operator", evil);
    const before = await stateOf(user);
    await assert.rejects(bring(await bundleOf("agent-operator", `^${base}`)), /hasDotgit|\.git/);
    assert.equal(await stateOf(user), before);
  });

  it("refuses a bundle that is broken or lacks objects", async () => {
    await using stack = new AsyncDisposableStack();
    const { user, base, bundleOf, bring, commit } = await twoRepositories(stack);
    await commit("one");
    const whole = await bundleOf("agent-operator", `^${base}`);
    const tip = await commit("two");
    const before = await stateOf(user);
    const broken = Buffer.from(whole);
    broken.writeUInt8(broken.readUInt8(broken.length - 30) ^ 0xff, broken.length - 30);
    await assert.rejects(bring(broken), /git: |error: /);
    await assert.rejects(bring(whole.subarray(0, -40)), /git: |error: /);
    const other = Buffer.from(
      whole.toString("latin1").replace(/^[0-9a-f]{40} refs/m, `${tip} refs`),
      "latin1",
    );
    await assert.rejects(bring(other), /bad object|not a commit|bad revision/);
    assert.equal(await stateOf(user), before);
  });

  for (const branch of [
    "--upload-pack=x",
    "-b",
    "HEAD",
    "a..b",
    "../../hooks/x",
    "a b",
    "x.lock",
    "",
    "a:b",
    "a\u001b[2J",
  ])
    it(`refuses ${JSON.stringify(branch)} as the name of a branch`, async () => {
      await using stack = new AsyncDisposableStack();
      const { base, bundleOf, bring, commit } = await twoRepositories(stack);
      await commit("one");
      await assert.rejects(
        bring(await bundleOf("agent-operator", `^${base}`), branch),
        /cannot be the name of a branch/,
      );
    });
});
