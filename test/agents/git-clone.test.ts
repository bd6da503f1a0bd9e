import assert from "node:assert/strict";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { loadPki } from "../../src/devcluster/pki.ts";
import { createGitRepository } from "../support/git-repository.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import type { GitHttpServer } from "../support/git-http-server.ts";
import { run as runProgram, runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { createPod, giveToPod, makeOwn, repository, resolvedRun } from "./support/pod.ts";
import type { TestPod } from "./support/pod.ts";

const TOKEN = "tok3n-with.$pecial*chars";

/** git in a pod's checkout, without anything that the checkout configures being trusted less. */
async function gitIn(pod: TestPod, place: string, ...args: string[]): Promise<string> {
  const all = ["-c", "safe.directory=*", "-C", pod.at(place), ...args];
  return (await runOk("git", all)).trim();
}

/** As if the container had been killed before it was done. */
async function forgetStart(pod: TestPod): Promise<void> {
  await rm(pod.at("/workspace-record"), { recursive: true });
  await makeOwn(pod.at("/workspace-record"));
}

describe("the clone of a standalone run", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let origin: GitRepository;
  let firstCommit: string;
  let server: GitHttpServer;
  let privateServer: GitHttpServer;
  let number = 0;
  const place = (): string => join(directory.path, `pod-${(number += 1)}`);

  before(async () => {
    directory = await temporaryDirectory();
    const root = join(directory.path, "remote");
    origin = await createGitRepository(join(root, "origin"), { "README.md": "one\n" });
    firstCommit = await origin.git("rev-parse", "HEAD");
    await origin.commit({ "README.md": "two\n" }, "Second commit");
    await origin.branch("feature/login");
    await origin.commit({ "login.txt": "login\n" }, "Login");
    await origin.switchTo("main");
    server = await startGitHttpServer({ root });
    privateServer = await startGitHttpServer({ root, user: "x-access-token", password: TOKEN });
  });
  after(async () => {
    await server.close();
    await privateServer.close();
    await directory[Symbol.asyncDispose]();
  });

  const credentials = { name: "git", key: "token" };
  const ofOrigin = (changes = {}): ReturnType<typeof repository> =>
    repository(`${server.url}/origin`, changes);

  test("takes the default branch, one commit deep, with its remote and upstream", async () => {
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin() }));
    assert.equal((await pod.clone()).code, 0);
    assert.equal(await gitIn(pod, "/workspace", "symbolic-ref", "--short", "HEAD"), "main");
    assert.equal(await gitIn(pod, "/workspace", "rev-list", "--count", "HEAD"), "1");
    assert.equal(await gitIn(pod, "/workspace", "rev-parse", "--abbrev-ref", "@{upstream}"), "origin/main");
    assert.equal(await pod.read("/workspace/README.md"), "two\n");
  });

  test("takes the named branch", async () => {
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin({ branch: "feature/login" }) }));
    assert.equal((await pod.clone()).code, 0);
    assert.equal(await gitIn(pod, "/workspace", "symbolic-ref", "--short", "HEAD"), "feature/login");
    assert.equal(await pod.read("/workspace/login.txt"), "login\n");
  });

  for (const [name, length] of [
    ["a commit by its id", 40],
    ["a commit by its shortened id", 9],
  ] as const) {
    test(`takes ${name}`, async () => {
      const commit = firstCommit.slice(0, length);
      const pod = await createPod(place(), resolvedRun({ repository: ofOrigin({ branch: "main", commit }) }));
      assert.equal((await pod.clone()).code, 0);
      assert.equal(await gitIn(pod, "/workspace", "rev-parse", "HEAD"), firstCommit);
      assert.equal(await pod.read("/workspace/README.md"), "one\n");
    });
  }

  test("adds the worktree on its own branch, from sourceBranch", async () => {
    const worktree = { branch: "agent/work", sourceBranch: "feature/login" };
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin({ branch: "main" }), worktree }));
    assert.equal((await pod.clone()).code, 0);
    assert.equal(await gitIn(pod, "/workspace-wt/fix-bug", "symbolic-ref", "--short", "HEAD"), "agent/work");
    assert.equal(await pod.read("/workspace-wt/fix-bug/login.txt"), "login\n");
    assert.equal(await gitIn(pod, "/workspace-wt/fix-bug", "status", "--porcelain"), "");
  });

  test("adds a worktree on the very branch that the repository names", async () => {
    const pod = await createPod(
      place(),
      resolvedRun({ repository: ofOrigin({ branch: "main" }), worktree: { branch: "main" } }),
    );
    assert.equal((await pod.clone()).code, 0);
    assert.equal(await gitIn(pod, "/workspace-wt/fix-bug", "symbolic-ref", "--short", "HEAD"), "main");
  });

  test("says in git's words that a branch does not exist, at once and for good", async () => {
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin({ branch: "nope" }) }));
    const { code } = await pod.clone();
    assert.equal(code, 64);
    assert.match(await pod.message(), /couldn't find remote ref refs\/heads\/nope/);
  });

  test("says that a repository does not exist", async () => {
    const pod = await createPod(place(), resolvedRun({ repository: repository(`${server.url}/none`) }));
    assert.equal((await pod.clone()).code, 64);
    assert.match(await pod.message(), /repository 'http:.*' not found/);
  });

  test("tries again where only the network failed", async () => {
    let left = 1;
    const flaky = await startGitHttpServer({
      root: join(directory.path, "remote"),
      fault: () => (left-- > 0 ? 503 : undefined),
    });
    try {
      const pod = await createPod(place(), resolvedRun({ repository: repository(`${flaky.url}/origin`) }));
      const { code, stderr } = await pod.clone();
      assert.equal(code, 0);
      assert.match(stderr, /trying again/);
    } finally {
      await flaky.close();
    }
  });

  const shapes: [string, string][] = [
    ["a token", `${TOKEN}\n`],
    ["user:token", `x-access-token:${TOKEN}`],
    ["a credential-store line", "http://x-access-token:tok3n-with.%24pecial%2Achars@HOST\n"],
  ];
  for (const [name, value] of shapes) {
    test(`reads a private repository with ${name}, and leaves no trace of it`, async () => {
      const host = privateServer.url.replace("http://", "");
      const pod = await createPod(
        place(),
        resolvedRun({ repository: repository(`${privateServer.url}/origin`, { credentials }) }),
        { values: { "git/token": value.replace("HOST", host) } },
      );
      const result = await pod.clone();
      assert.equal(result.code, 0, result.stderr);
      assert(privateServer.credentials.includes(`x-access-token:${TOKEN}`));
      assert.equal((await runProgram("grep", ["-rlF", TOKEN, pod.at("/workspace")])).stdout, "");
      assert.doesNotMatch(result.stdout + result.stderr, /tok3n/);
    });
  }

  test("gives its credential to no other host", async () => {
    const seen = privateServer.credentials.length;
    const pod = await createPod(
      place(),
      resolvedRun({ repository: repository(`${privateServer.url}/origin`, { credentials }) }),
      { values: { "git/token": `https://x-access-token:${TOKEN}@elsewhere.example` } },
    );
    assert.equal((await pod.clone()).code, 64);
    assert.equal(privateServer.credentials.length, seen);
    assert.match(await pod.message(), /could not read Username/);
  });

  test("says that a credential was refused, without printing it", async () => {
    const pod = await createPod(
      place(),
      resolvedRun({ repository: repository(`${privateServer.url}/origin`, { credentials }) }),
      { values: { "git/token": "wrong-secret" } },
    );
    const { code, stderr } = await pod.clone();
    assert.equal(code, 64);
    assert.match(await pod.message(), /Authentication failed/);
    assert.doesNotMatch(stderr + (await pod.message()), /wrong-secret/);
  });

  test("trusts a private certificate authority that the run names, and no other", async () => {
    const { ca, serverKey, serverCertificate } = await loadPki(undefined, new Date());
    const secure = await startGitHttpServer({
      root: join(directory.path, "remote"),
      tls: { key: serverKey, cert: serverCertificate },
    });
    try {
      const url = `${secure.url}/origin`;
      const caBundle = { name: "ca", key: "ca.pem" };
      const trusting = resolvedRun({ repository: repository(url, { caBundle }) });
      const pod = await createPod(place(), trusting, { values: { "ca/ca.pem": ca } });
      const result = await pod.clone();
      assert.equal(result.code, 0, result.stderr);
      const wary = await createPod(place(), resolvedRun({ repository: repository(url) }));
      assert.equal((await wary.clone()).code, 64);
      assert.match(await wary.message(), /certificate/);
    } finally {
      await secure.close();
    }
  });

  test("names the claim when the volume cannot be written", async () => {
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin() }));
    await rm(pod.at("/workspace-run"), { recursive: true });
    await writeFile(pod.at("/workspace-run"), "");
    assert.equal((await pod.clone()).code, 65);
    assert.match(await pod.message(), /^VolumeNotWritable: .*claim fix-bug-workspace/);
  });

  for (const withCredentials of [false, true]) {
    test(`brings submodules along, ${withCredentials ? "with credentials" : "without"}`, async () => {
      const root = join(directory.path, `remote/nested-${withCredentials}`);
      const inner = await createGitRepository(join(root, "inner"), { "in.txt": "in\n" });
      const library = await createGitRepository(join(root, "library"), { "lib.txt": "lib\n" });
      const parent = await createGitRepository(join(root, "parent"));
      const allow = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
      await library.git(...allow, inner.path, "deep/in ner");
      await library.git("config", "-f", ".gitmodules", "submodule.deep/in ner.url", "../inner");
      await library.commit({}, "Add a submodule");
      await parent.git(...allow, "--name", "odd name", library.path, "lib");
      await parent.git("config", "-f", ".gitmodules", "submodule.odd name.url", "../library");
      await parent.commit({}, "Add a submodule");
      await inner.commit({ "in.txt": "newer than what the library names\n" });
      const host = withCredentials ? privateServer : server;
      const changes = withCredentials ? { credentials } : {};
      const pod = await createPod(
        place(),
        resolvedRun({
          repository: repository(`${host.url}/nested-${withCredentials}/parent`, {
            submodules: true,
            ...changes,
          }),
          worktree: { branch: "w" },
        }),
        { values: { "git/token": TOKEN } },
      );
      const result = await pod.clone();
      assert.equal(result.code, 0, result.stderr);
      const work = "/workspace-wt/fix-bug";
      assert.equal(await pod.read(`${work}/lib/lib.txt`), "lib\n");
      assert.equal(await pod.read(`${work}/lib/deep/in ner/in.txt`), "in\n");
      assert.equal(await gitIn(pod, work, "status", "--porcelain"), "");
      assert.match(await gitIn(pod, work, "submodule", "status", "--recursive"), /^ ?[0-9a-f]{40} lib/);
      assert.match(await gitIn(pod, `${work}/lib`, "config", "remote.origin.url"), /\/library$/);
    });
  }

  for (const url of ["foo::x@y:z", "ext::sh -c id", "foo://host/x"]) {
    test(`git runs no remote helper, even if a URL like ${url} had been admitted`, async () => {
      const pod = await createPod(place(), resolvedRun({ repository: repository(url) }));
      assert.equal((await pod.clone()).code, 64);
      assert.match(await pod.message(), /transport '(foo|ext)' not allowed/);
    });
  }

  test("values that look like shell are only values", async () => {
    const branch = "a;touch${IFS}pwned$(touch${IFS}pwned)`id`'\"";
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin({ branch }) }));
    assert.equal((await pod.clone()).code, 64);
    assert((await pod.message()).includes(`couldn't find remote ref refs/heads/${branch}`));
    assert.deepEqual(await readdir(pod.at("/workspace")), [".git"]);
  });

  test("a TERM ends it at once", async () => {
    const silent = await startGitHttpServer({ root: join(directory.path, "remote"), hang: true });
    try {
      const pod = await createPod(place(), resolvedRun({ repository: repository(`${silent.url}/origin`) }));
      const program = pod.startClone();
      await silent.asked;
      program.kill("SIGTERM");
      assert.equal((await program.ended).code, 143);
    } finally {
      await silent.close();
    }
  });

  test("keeps what the agent did when it is run again after the agent has started", async () => {
    const runOfOrigin = resolvedRun({ repository: ofOrigin() });
    const pod = await createPod(place(), runOfOrigin);
    assert.equal((await pod.clone()).code, 0);
    const record = `/workspace-record/start.${runOfOrigin.uid}`;
    const base = await gitIn(pod, "/workspace", "rev-parse", "HEAD");
    assert.equal(await pod.read(`${record}.base`), `${base}\n`);
    assert.equal(await pod.read(`${record}.heads`), `${base} refs/heads/main\n`);
    await rm(pod.at("/workspace-run"), { recursive: true });
    await makeOwn(pod.at("/workspace-run"));
    await writeFile(pod.at("/workspace/README.md"), "the agent's\n");
    assert.equal((await pod.clone()).code, 0);
    assert.equal(await pod.read("/workspace/README.md"), "the agent's\n");
  });

  test("comes to the same end whatever an attempt that was killed has left", async () => {
    const worktree = { branch: "agent/work", sourceBranch: "feature/login" };
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin(), worktree }));
    for (const pauseMs of [20, 40, 60, 80, 100, 120]) {
      const program = pod.startClone();
      await setTimeout(pauseMs);
      try {
        process.kill(-program.pid, "SIGKILL");
      } catch {
        // It was done already.
      }
      await program.ended;
    }
    await forgetStart(pod);
    await mkdir(pod.at("/workspace/.git/refs/heads"), { recursive: true });
    await writeFile(pod.at("/workspace/.git/index.lock"), "");
    await writeFile(pod.at("/workspace/README.md"), "half\n");
    await writeFile(pod.at("/workspace/left-over"), "");
    await giveToPod(pod.at("/workspace"));
    const result = await pod.clone();
    assert.equal(result.code, 0, result.stderr);
    assert.equal(await gitIn(pod, "/workspace-wt/fix-bug", "status", "--porcelain"), "");
    assert.equal(await gitIn(pod, "/workspace", "status", "--porcelain"), "");
    assert.equal(await pod.read("/workspace-wt/fix-bug/login.txt"), "login\n");
  });

  test("makes an unusable checkout anew", async () => {
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin() }));
    assert.equal((await pod.clone()).code, 0);
    await forgetStart(pod);
    await writeFile(pod.at("/workspace/.git/HEAD"), "nonsense\n");
    await writeFile(pod.at("/workspace/.git/shallow"), "nonsense\n");
    const result = await pod.clone();
    assert.equal(result.code, 0, result.stderr);
    assert.equal(await pod.read("/workspace/README.md"), "two\n");
  });

  test("runs nothing that a .git left behind configures", async () => {
    const pod = await createPod(place(), resolvedRun({ repository: ofOrigin() }));
    assert.equal((await pod.clone()).code, 0);
    await forgetStart(pod);
    const mark = pod.at("/tmp/ran");
    const hook = `#!/bin/sh\ntouch '${mark}'\n`;
    await mkdir(pod.at("/workspace/.git/hooks"), { recursive: true });
    for (const name of ["post-checkout", "reference-transaction", "post-index-change"]) {
      await writeFile(pod.at(`/workspace/.git/hooks/${name}`), hook, { mode: 0o755 });
    }
    await runOk("git", [
      "config",
      "--file",
      pod.at("/workspace/.git/config"),
      "core.fsmonitor",
      `touch '${mark}'`,
    ]);
    await runOk("git", [
      "config",
      "--file",
      pod.at("/workspace/.git/config"),
      "filter.x.smudge",
      `touch '${mark}'; cat`,
    ]);
    await mkdir(pod.at("/workspace/.git/info"), { recursive: true });
    await writeFile(pod.at("/workspace/.git/info/attributes"), "* filter=x\n");
    await giveToPod(pod.at("/workspace/.git"));
    const result = await pod.clone();
    assert.equal(result.code, 0, result.stderr);
    await assert.rejects(stat(mark));
  });
});
