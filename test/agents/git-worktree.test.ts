import assert from "node:assert/strict";
import { access, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createGitRepository } from "../support/git-repository.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import type { GitHttpServer } from "../support/git-http-server.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { giveToPod, repository } from "./support/pod.ts";
import type { TestPod } from "./support/pod.ts";
import { createWorkspace } from "./support/workspace.ts";
import type { TestWorkspace } from "./support/workspace.ts";

describe("the worktree of a run on a workspace", { timeout: 120_000 }, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let origin: GitRepository;
  let server: GitHttpServer;
  let workspace: TestWorkspace;
  let place: string;

  before(async () => {
    directory = await temporaryDirectory();
    origin = await createGitRepository(join(directory.path, "remote/origin"), {
      "README.md": "one\n",
      ".gitignore": "ignored\n",
    });
    for (const name of ["feature/login", "feature/logout", "release-1.0"]) {
      await origin.branch(name);
      await origin.commit({ "README.md": `${name}\n` });
      await origin.switchTo("main");
    }
    server = await startGitHttpServer({
      root: join(directory.path, "remote"),
      user: "x-access-token",
      password: "tok3n",
    });
    place = join(directory.path, "pod");
    const credentials = { name: "git", key: "token" };
    workspace = await createWorkspace(place, repository(`${server.url}/origin`, { credentials }), {
      "git/token": "tok3n",
    });
    const { code, stderr } = await workspace.initialize();
    assert.equal(code, 0, stderr);
  });
  after(async () => {
    await server.close();
    await directory[Symbol.asyncDispose]();
  });

  const podOf = (name: string, branch: string, more: object = {}): Promise<TestPod> =>
    workspace.podOf(name, { branch, ...more });

  const branchOf = (name: string): Promise<string> =>
    workspace.git({ run: name }, "branch", "--show-current");

  const commitIn = async (name: string, file: string): Promise<string> => {
    await writeFile(join(place, "workspace-wt", name, file), `by ${name}\n`);
    await workspace.git({ run: name }, "add", file);
    const identity = ["-c", "user.name=Agent", "-c", "user.email=agent@example.com"];
    await workspace.git({ run: name }, ...identity, "commit", "--quiet", "--message", file);
    await giveToPod(place);
    return workspace.git({ run: name }, "rev-parse", "HEAD");
  };

  test("comes from a checkout with every branch and no credential", async () => {
    assert.equal(
      await workspace.git("main", "for-each-ref", "--format=%(refname)", "refs/remotes"),
      ["HEAD", "feature/login", "feature/logout", "main", "release-1.0"]
        .map((name) => `refs/remotes/origin/${name}`)
        .join("\n"),
    );
    const config = await readFile(join(place, "workspace/.git/config"), "utf8");
    assert.doesNotMatch(config, /tok3n|credential|helper|x-access-token/);
    assert.ok(server.credentials.includes("x-access-token:tok3n"));
    // Nothing is left to be fetched if there are no credentials.
    assert.match(await workspace.git("main", "log", "-p", "--all"), /\+feature\/logout/);
  });

  test("starts from the remote's newest commit, with the workspace's credential", async () => {
    await origin.commit({ "README.md": "two\n" });
    const result = await (await podOf("fresh", "fresh-work")).clone();
    assert.equal(result.code, 0, result.stderr);
    assert.equal(await readFile(join(place, "workspace-wt/fresh/README.md"), "utf8"), "two\n");
    assert.equal(await branchOf("fresh"), "fresh-work");
    assert.equal(await workspace.git({ run: "fresh" }, "status", "--porcelain"), "");
    assert.equal(
      await workspace.git("main", "rev-parse", "refs/remotes/origin/main"),
      await origin.git("rev-parse", "main"),
    );
    assert.equal(await workspace.message(), '{"type":"agent-operator","fetched":true}\n');
  });

  test("eight at once all get theirs", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `many-${index}`);
    const results = await Promise.all(names.map(async (name) => (await podOf(name, `${name}-work`)).clone()));
    assert.deepEqual(
      results.map(({ code }) => code),
      names.map(() => 0),
    );
    for (const name of names) assert.equal(await branchOf(name), `${name}-work`);
  });

  test("the same branch and path again is taken up as it is", async () => {
    const pod = await podOf("again", "again-work");
    assert.equal((await pod.clone()).code, 0);
    await writeFile(join(place, "workspace-wt/again/README.md"), "mine\n");
    assert.equal((await pod.clone()).code, 0);
    assert.equal(await readFile(join(place, "workspace-wt/again/README.md"), "utf8"), "mine\n");
  });

  test("a branch that another run has checked out is refused with that run's name", async () => {
    assert.equal((await (await podOf("holder", "held")).clone()).code, 0);
    const pod = await podOf("late", "held");
    assert.equal((await pod.clone()).code, 67);
    assert.match(await pod.message(), /branch held is checked out by run holder/);
  });

  test("the branch of a run that has ended is taken over, its worktree as it was", async () => {
    assert.equal((await (await podOf("ended", "handed-on")).clone()).code, 0);
    const head = await commitIn("ended", "work.txt");
    await writeFile(join(place, "workspace-wt/ended/more.txt"), "not committed\n");
    const pod = await podOf("next", "handed-on", { releasedBy: ["other", "ended"] });
    const { code, stderr } = await pod.clone();
    assert.equal(code, 0, stderr);
    assert.deepEqual([await branchOf("next"), await branchOf("ended")], ["handed-on", ""]);
    for (const run of ["next", "ended"])
      assert.equal(await workspace.git({ run }, "rev-parse", "HEAD"), head);
    assert.equal(await workspace.git({ run: "ended" }, "status", "--porcelain"), "?? more.txt");
  });

  test("starts from a branch that another run has made", async () => {
    assert.equal((await (await podOf("first", "first-work")).clone()).code, 0);
    const head = await commitIn("first", "first.txt");
    const { code, stderr } = await (
      await podOf("second", "second-work", { sourceBranch: "first-work" })
    ).clone();
    assert.equal(code, 0, stderr);
    assert.equal(await workspace.git({ run: "second" }, "rev-parse", "HEAD"), head);
    assert.match(stderr, /first-work is not in http.*: the branch of that name in the workspace is taken/);
  });

  test("a source branch that does not exist is refused with the names that are near", async () => {
    const pod = await podOf("lost", "lost-work", { sourceBranch: "feature/logn" });
    assert.equal((await pod.clone()).code, 64);
    assert.match(
      await pod.message(),
      /^branch feature\/logn is not in http:.*; the nearest names are: feature\/login feature\/logout /,
    );
    await assert.rejects(stat(join(place, "workspace-wt/lost")));
    await assert.rejects(workspace.git("main", "rev-parse", "--verify", "refs/heads/lost-work"));
  });

  test("a branch below the name of another is refused in git's own words", async () => {
    const pod = await podOf("below", "main/below");
    assert.equal((await pod.clone()).code, 64);
    assert.match(await pod.message(), /'refs\/heads\/main' exists; cannot create 'refs\/heads\/main\/below'/);
  });

  test("is removed with its branch kept, but not while it holds work that no branch has", async () => {
    assert.equal((await (await podOf("cleaned", "cleaned-work")).clone()).code, 0);
    const head = await commitIn("cleaned", "work.txt");
    const worktree = join(place, "workspace-wt/cleaned");
    await writeFile(join(worktree, "ignored"), "built\n");

    await writeFile(join(worktree, "new.txt"), "not committed\n");
    assert.equal((await workspace.cleanUp("cleaned")).code, 68);
    assert.match(
      await workspace.message(),
      /cleaned holds work that no branch has and is kept:\n\?\? new\.txt/,
    );
    await rm(join(worktree, "new.txt"));

    await workspace.git({ run: "cleaned" }, "switch", "--quiet", "--detach");
    const loose = await commitIn("cleaned", "loose.txt");
    assert.equal((await workspace.cleanUp("cleaned")).code, 68);
    assert.match(await workspace.message(), new RegExp(`commit ${loose} is on no branch`));
    await workspace.git({ run: "cleaned" }, "switch", "--quiet", "cleaned-work");
    await giveToPod(place);

    const { code, stderr } = await workspace.cleanUp("cleaned");
    assert.equal(code, 0, stderr);
    await assert.rejects(stat(worktree));
    assert.equal(await workspace.git("main", "rev-parse", "cleaned-work"), head);
    assert.doesNotMatch(await workspace.git("main", "worktree", "list"), /cleaned/);
    assert.equal((await workspace.cleanUp("cleaned")).code, 0, "once more");
  });

  test("is removed with everything in it by Force", async () => {
    assert.equal((await (await podOf("forced", "forced-work")).clone()).code, 0);
    await writeFile(join(place, "workspace-wt/forced/new.txt"), "not committed\n");
    assert.equal((await workspace.cleanUp("forced", { force: true })).code, 0);
    await assert.rejects(stat(join(place, "workspace-wt/forced")));
  });

  test("a name that an agent has given to a worktree elsewhere is no hindrance", async () => {
    await workspace.git("main", "worktree", "add", "-q", join(place, "workspace-wt/own/named"), "-b", "own");
    await giveToPod(place);
    const { code, stderr } = await (await podOf("named", "named-work")).clone();
    assert.equal(code, 0, stderr);
    assert.equal(await branchOf("named"), "named-work");
    assert.equal(await branchOf("own/named"), "own");
    await workspace.git("main", "worktree", "remove", "--force", join(place, "workspace-wt/own/named"));
  });

  test("nothing that an agent has put into the shared .git is run, nor gets the credential", async () => {
    const mark = join(place, "tmp/ran");
    const run = `touch '${mark}'`;
    const shared = join(place, "workspace/.git");
    const untouched = await readFile(join(shared, "config"), "utf8");
    const thief = await startGitHttpServer({
      root: join(directory.path, "remote"),
      user: "x",
      password: "y",
    });
    const configure = (key: string, value: string): Promise<string> =>
      runOk("git", ["config", "--file", join(shared, "config"), "--add", key, value]);
    await mkdir(join(shared, "hooks"), { recursive: true });
    for (const name of ["post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"]) {
      await writeFile(join(shared, "hooks", name), `#!/bin/sh\n${run}\n`, { mode: 0o755 });
    }
    for (const [key, value] of [
      ["core.fsmonitor", run],
      ["core.sshCommand", run],
      ["core.gitProxy", run],
      ["core.askPass", run],
      ["core.editor", run],
      ["core.pager", run],
      ["core.alternateRefsCommand", run],
      ["core.hooksPath", join(shared, "hooks")],
      ["core.attributesFile", join(shared, "info/attributes")],
      ["filter.x.smudge", `${run}; cat`],
      ["filter.x.process", run],
      ["credential.helper", `!${run}`],
      ["protocol.ext.allow", "always"],
      [`url.ext::${run}.insteadOf`, server.url],
      [`url.${thief.url}/.insteadOf`, `${server.url}/`],
      ["http.proxy", thief.url],
      ["extensions.partialClone", "origin"],
      ["extensions.worktreeConfig", "true"],
      ["remote.origin.promisor", "true"],
      ["remote.origin.uploadpack", run],
      ["remote.origin.url", `ext::${run}`],
      ["include.path", join(shared, "more")],
      ["alias.fetch", `!${run}`],
    ] as const) {
      await configure(key, value);
    }
    await writeFile(join(shared, "more"), `[core]\n\tfsmonitor = ${run}\n`);
    await writeFile(join(shared, "config.worktree"), `[core]\n\tfsmonitor = ${run}\n`);
    await mkdir(join(shared, "info"), { recursive: true });
    await writeFile(join(shared, "info/attributes"), "* filter=x\n");
    // Asks for an object that is not there, which git would fetch from the remote above.
    await writeFile(join(shared, "refs/heads/broken"), `${"1".repeat(40)}\n`);
    await giveToPod(shared);
    await origin.commit({ "README.md": "three\n" });
    const result = await (await podOf("careful", "careful-work")).clone();
    assert.equal(result.code, 0, result.stderr);
    assert.equal(await readFile(join(place, "workspace-wt/careful/README.md"), "utf8"), "three\n");
    const missing = await (await podOf("missing", "broken")).clone();
    assert.notEqual(missing.code, 0);
    assert.equal((await workspace.cleanUp("careful")).code, 0);
    await assert.rejects(access(mark));
    assert.deepEqual(thief.credentials, []);
    // An ordinary git runs it, so the traps are real.
    await workspace.git("main", "status").catch(() => "");
    await access(mark);
    await thief.close();
    await rm(join(shared, "refs/heads/broken"));
    await rm(join(shared, "hooks"), { recursive: true });
    await writeFile(join(shared, "config"), untouched);
    await rm(join(shared, "info/attributes"));
    await giveToPod(shared);
  });

  test("a shared .git that is a link leads nowhere", async () => {
    const other = await createWorkspace(join(directory.path, "linked"), repository(origin.path));
    await symlink(join(place, "workspace/.git"), join(other.place, "workspace/.git"));
    const pod = await other.podOf("linked", { branch: "linked-work" });
    assert.equal((await pod.clone()).code, 64);
    assert.match(await pod.message(), /the workspace has no checkout/);
  });

  test("without an answer from the remote the workspace's own commit is taken", async () => {
    await server.close();
    const result = await (await podOf("offline", "offline-work")).clone();
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stderr, /could not be asked: main is taken/);
    const report = JSON.parse(await workspace.message()) as { fetched: boolean; message: string };
    assert.equal(report.fetched, false);
    assert.match(report.message, /unable to access|Failed to connect/);
  });
});
