import assert from "node:assert/strict";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ResolvedRun } from "../../src/plan/resolved-run.ts";
import { createGitRepository } from "../support/git-repository.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import type { GitHttpServer } from "../support/git-http-server.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { createPod, giveToPod, repository, resolvedRun } from "./support/pod.ts";
import type { TestPod } from "./support/pod.ts";

describe("the worktree of a run on a workspace", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let origin: GitRepository;
  let server: GitHttpServer;
  let place: string;

  before(async () => {
    directory = await temporaryDirectory();
    origin = await createGitRepository(join(directory.path, "remote/origin"), { "README.md": "one\n" });
    server = await startGitHttpServer({
      root: join(directory.path, "remote"),
      user: "x-access-token",
      password: "tok3n",
    });
    place = join(directory.path, "pod");
    await mkdir(place);
    await runOk("git", ["clone", "--quiet", origin.path, join(place, "workspace")]);
    await runOk("git", [
      "-C",
      join(place, "workspace"),
      "remote",
      "set-url",
      "origin",
      `${server.url}/origin`,
    ]);
    await giveToPod(place);
  });
  after(async () => {
    await server.close();
    await directory[Symbol.asyncDispose]();
  });

  /** All runs see the same directories, as pods see the same claim. */
  async function podOf(name: string, branch: string, changes: Partial<ResolvedRun> = {}): Promise<TestPod> {
    const run: ResolvedRun = {
      ...resolvedRun({ name, uid: `uid-${name}`, worktree: { branch }, ...changes }),
      repository: undefined,
      workspace: {
        name: "ws",
        claimName: "ws-ws",
        repository: repository(`${server.url}/origin`, { credentials: { name: "git", key: "token" } }),
        sharedVolumes: [],
        accessMode: "ReadWriteMany",
      },
    };
    return createPod(place, run, { values: { "git/token": "tok3n" } });
  }

  const branchOf = async (name: string): Promise<string> =>
    (
      await runOk("git", [
        "-c",
        "safe.directory=*",
        "-C",
        join(place, "workspace-wt", name),
        "branch",
        "--show-current",
      ])
    ).trim();

  test("starts from the remote's newest commit, with the workspace's credential", async () => {
    await origin.commit({ "README.md": "two\n" });
    const result = await (await podOf("fresh", "fresh-work")).clone();
    assert.equal(result.code, 0, result.stderr);
    assert.equal(await readFile(join(place, "workspace-wt/fresh/README.md"), "utf8"), "two\n");
    assert.equal(await branchOf("fresh"), "fresh-work");
    const status = [
      "-c",
      "safe.directory=*",
      "-C",
      join(place, "workspace-wt/fresh"),
      "status",
      "--porcelain",
    ];
    assert.equal(await runOk("git", status), "");
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

  test("a source branch that does not exist is refused with those that do", async () => {
    const pod = await podOf("lost", "lost-work", { worktree: { branch: "lost-work", sourceBranch: "nope" } });
    assert.equal((await pod.clone()).code, 64);
    assert.match(await pod.message(), /couldn't find remote ref[^]*branches of the workspace: .*main/);
  });

  test("nothing that an agent has put into the shared .git is run", async () => {
    const mark = join(place, "tmp/ran");
    const shared = join(place, "workspace/.git");
    const configure = (key: string, value: string): Promise<string> =>
      runOk("git", ["config", "--file", join(shared, "config"), key, value]);
    await mkdir(join(shared, "hooks"), { recursive: true });
    for (const name of ["post-checkout", "reference-transaction", "post-index-change"]) {
      await writeFile(join(shared, "hooks", name), `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
    }
    await configure("core.fsmonitor", `touch '${mark}'`);
    await configure("core.sshCommand", `touch '${mark}'`);
    await configure("filter.x.smudge", `touch '${mark}'; cat`);
    await configure("credential.helper", `!touch '${mark}'`);
    await configure(`url.ext::touch ${mark}.insteadOf`, server.url);
    await mkdir(join(shared, "info"), { recursive: true });
    await writeFile(join(shared, "info/attributes"), "* filter=x\n");
    await giveToPod(shared);
    await origin.commit({ "README.md": "three\n" });
    const result = await (await podOf("careful", "careful-work")).clone();
    assert.equal(result.code, 0, result.stderr);
    assert.equal(await readFile(join(place, "workspace-wt/careful/README.md"), "utf8"), "three\n");
    await assert.rejects(stat(mark));
    await rm(join(shared, "hooks"), { recursive: true });
  });

  test("without an answer from the remote the workspace's own commit is taken", async () => {
    await server.close();
    const result = await (await podOf("offline", "offline-work")).clone();
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stderr, /could not be asked: main is taken/);
  });
});
