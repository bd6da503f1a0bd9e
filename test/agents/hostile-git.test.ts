import assert from "node:assert/strict";
import { access, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createGitRepository } from "../support/git-repository.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import type { GitHttpServer } from "../support/git-http-server.ts";
import { run as runProgram, runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { createPod, giveToPod, repository, resolvedRun } from "./support/pod.ts";
import type { TestPod } from "./support/pod.ts";
import { createWorkspace } from "./support/workspace.ts";
import type { TestWorkspace } from "./support/workspace.ts";

const TOKEN = "tok3n-of-the-remote";
const CREDENTIAL = "etc/agent-operator/git-credentials/credential";
const credentials = { name: "git", key: "token" };

/** What an agent leaves in a .git, each of it a way to be read by the next git that opens it. */
type Trap = (git: string, mark: string, place: string) => Promise<void>;

const FILTER = (mark: string): string =>
  `[core]\n\trepositoryformatversion = 0\n\tfsmonitor = touch '${mark}'\n[filter "x"]\n\tsmudge = "touch '${mark}'; cat"\n\trequired = true\n`;

async function put(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text, { mode });
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await rm(path, { recursive: true, force: true });
  await symlink(target, path);
}

const traps: Record<string, Trap> = {
  "a common directory of its own": async (git, mark, place) => {
    const common = join(place, "workspace-run/common");
    await mkdir(join(common, "objects"), { recursive: true });
    await mkdir(join(common, "refs"), { recursive: true });
    await put(join(common, "config"), FILTER(mark));
    await put(join(common, "info/attributes"), "* filter=x\n");
    await put(join(git, "commondir"), `${common}\n`);
  },
  "alternates that are a link": (git, _, place) =>
    link(join(git, "objects/info/alternates"), join(place, CREDENTIAL)),
  "packed refs that are a link": (git, _, place) => link(join(git, "packed-refs"), join(place, CREDENTIAL)),
  "a HEAD that is a link": (git, _, place) => link(join(git, "HEAD"), join(place, CREDENTIAL)),
  "a shallow file that is a link": (git, _, place) => link(join(git, "shallow"), join(place, CREDENTIAL)),
  "an index that is a link": (git, _, place) => link(join(git, "index"), join(place, CREDENTIAL)),
  "a configuration that includes": async (git, mark, place) => {
    await put(join(place, "workspace-run/more"), FILTER(mark));
    await put(
      join(git, "config"),
      `[include]\n\tpath = ${place}/workspace-run/more\n\tpath = ${place}/${CREDENTIAL}\n`,
    );
    await put(join(git, "info/attributes"), "* filter=x\n");
  },
  hooks: async (git, mark) => {
    for (const name of ["post-checkout", "reference-transaction", "post-index-change"])
      await put(join(git, "hooks", name), `#!/bin/sh\ntouch '${mark}'\n`, 0o755);
  },
  "replaced and grafted commits": async (git, _, place) => {
    await put(join(git, "info/grafts"), `${"1".repeat(40)}\n`);
    await link(join(git, "refs/replace"), join(place, "etc/agent-operator"));
  },
  "a worktree that is a link": (git, _, place) =>
    link(join(git, "worktrees"), join(place, "etc/agent-operator")),
};

describe("what an agent leaves in a .git", { timeout: 600_000 }, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let origin: GitRepository;
  let server: GitHttpServer;

  before(async () => {
    directory = await temporaryDirectory();
    origin = await createGitRepository(join(directory.path, "remote/origin"));
    server = await startGitHttpServer({
      root: join(directory.path, "remote"),
      user: "x-access-token",
      password: TOKEN,
    });
  });
  after(async () => {
    await server.close();
    await directory[Symbol.asyncDispose]();
  });

  /** The token is in nothing that an agent can read, nor in what anybody was shown; and nothing ran. */
  async function assertKept(place: string, shown: string, mark: string): Promise<void> {
    assert.ok(!shown.includes(TOKEN), "shown");
    const parts = ["workspace", "workspace-wt", "workspace-run", "workspace-store"].map((part) =>
      join(place, part),
    );
    assert.equal((await runProgram("grep", ["-rlF", TOKEN, ...parts])).stdout, "");
    await assert.rejects(access(mark));
  }

  test("of a standalone run is nothing to the second attempt, whatever it is", async (t) => {
    const place = join(directory.path, "standalone");
    const run = resolvedRun({ repository: repository(`${server.url}/origin`, { credentials }) });
    const pod: TestPod = await createPod(place, run, { values: { "git/token": `${TOKEN}\n` } });
    assert.equal((await pod.clone()).code, 0);
    const asked = server.credentials.length;
    const mark = join(place, "tmp/ran");
    for (const [name, trap] of Object.entries(traps)) {
      await t.test(name, async () => {
        await trap(pod.at("/workspace/.git"), mark, place);
        // As the attack has it: no mark of the first attempt that an agent could remove, no file that it left.
        await runOk("find", [pod.at("/workspace-run"), "-maxdepth", "1", "-name", "base.*", "-delete"]);
        await rm(pod.at("/workspace/README.md"), { force: true });
        await giveToPod(pod.at("/workspace"));
        const { code, stdout, stderr } = await pod.clone();
        assert.equal(code, 0, stderr);
        await assertKept(place, stdout + stderr + (await pod.message()), mark);
      });
    }
    assert.equal(server.credentials.length, asked, "a further attempt does not ask the remote");
    // Even if the operator's own record were lost, the checkout is made from the store, and from nothing else.
    await rm(pod.at("/workspace-record"), { recursive: true });
    await mkdir(pod.at("/workspace-record"));
    await giveToPod(pod.at("/workspace-record"));
    const { code, stdout, stderr } = await pod.clone();
    assert.equal(code, 0, stderr);
    await assertKept(place, stdout + stderr, mark);
    assert.equal(await pod.read("/workspace/README.md"), "# A repository\n");
    assert.equal(server.credentials.length, asked);
  });

  test("of a workspace gives the next run's credential to nobody", async (t) => {
    const place = join(directory.path, "workspace-pod");
    const workspace: TestWorkspace = await createWorkspace(
      place,
      repository(`${server.url}/origin`, { credentials }),
      { "git/token": `${TOKEN}\n` },
    );
    assert.equal((await workspace.initialize()).code, 0);
    const shared = join(place, "workspace/.git");
    const mark = join(place, "tmp/ran");
    await runOk("cp", ["-a", shared, join(place, "sound")]);
    let number = 0;
    for (const [name, trap] of Object.entries(traps)) {
      await t.test(name, async () => {
        await trap(shared, mark, place);
        await giveToPod(shared);
        const pod = await workspace.podOf(`next-${(number += 1)}`, { branch: `next-${number}` });
        const { code, stdout, stderr } = await pod.clone();
        await assertKept(place, stdout + stderr + (await pod.message()), mark);
        assert.ok([0, 1, 64, 67].includes(code ?? -1), stderr);
      });
      await rm(shared, { recursive: true });
      await runOk("cp", ["-a", join(place, "sound"), shared]);
    }
  });

  test("a lock file on a shared claim is no lock of the operator's", async () => {
    const place = join(directory.path, "locked");
    const workspace = await createWorkspace(place, repository(origin.path));
    assert.equal((await workspace.initialize()).code, 0);
    await runOk("mkfifo", [join(place, "workspace-wt/.lock")]);
    await giveToPod(join(place, "workspace-wt"));
    const { code, stderr } = await (await workspace.podOf("free", { branch: "free" })).clone();
    assert.equal(code, 0, stderr);
  });

  test("an agent that collects garbage breaks nothing: the store is only read", async () => {
    const place = join(directory.path, "collected");
    const values = { "git/token": TOKEN };
    const workspace = await createWorkspace(
      place,
      repository(`${server.url}/origin`, { credentials }),
      values,
    );
    assert.equal((await workspace.initialize()).code, 0);
    assert.equal((await (await workspace.podOf("one", { branch: "one" })).clone()).code, 0);
    for (const args of [
      ["gc", "--prune=now", "--quiet"],
      ["repack", "-a", "-d", "-q"],
      ["prune", "--expire=now"],
    ])
      await workspace.git({ run: "one" }, ...args);
    await giveToPod(join(place, "workspace"));
    const { code, stderr } = await (await workspace.podOf("two", { branch: "two" })).clone();
    assert.equal(code, 0, stderr);
    assert.equal(await readFile(join(place, "workspace-wt/two/README.md"), "utf8"), "# A repository\n");
    assert.equal(await workspace.git({ run: "two" }, "fsck", "--no-progress"), "");
  });
});
