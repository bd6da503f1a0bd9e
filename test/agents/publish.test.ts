import assert from "node:assert/strict";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { loadPki } from "../../src/devcluster/pki.ts";
import { createGitRepository } from "../support/git-repository.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import type { GitHttpServer } from "../support/git-http-server.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { repository } from "./support/pod.ts";
import { createPublishedRun, handedOver } from "./support/publication.ts";
import type { Publication, PublishedRun } from "./support/publication.ts";

const TOKEN = "tok3n-to-push-with";
/** At which a container is killed, from its start to its end. */
const MOMENTS = 20;
const credentials = { name: "push", key: "token" };
const values = { "push/token": `${TOKEN}\n` };

describe("publishing", { timeout: 1_200_000 }, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: GitHttpServer;
  let open: GitHttpServer;
  let count = 0;
  /** So many pushes below /limited are told to come later. */
  let limits = 0;

  /** As GitHub answers pushes to an archived repository, and too many of them. */
  function beside({ url = "" }: IncomingMessage, response: ServerResponse): boolean {
    if (!url.includes("git-receive-pack")) return false;
    const isLimited = url.startsWith("/limited/") && limits > 0;
    if (isLimited) limits -= 1;
    else if (!url.startsWith("/archived/")) return false;
    response.writeHead(isLimited ? 429 : 403, { "content-type": "text/plain", "retry-after": "1" });
    response.end(isLimited ? "Too many requests\n" : "This repository was archived so it is read-only.\n");
    return true;
  }

  before(async () => {
    directory = await temporaryDirectory();
    const root = join(directory.path, "remote");
    const fault = (path: string): number | undefined => (path.startsWith("/denied/") ? 403 : undefined);
    server = await startGitHttpServer({ root, user: "x-access-token", password: TOKEN, fault, beside });
    await mkdir(root, { recursive: true });
    for (const name of ["archived", "limited"]) await symlink(".", join(root, name));
    open = await startGitHttpServer({ root });
  });
  after(async () => {
    await server.close();
    await open.close();
    await directory[Symbol.asyncDispose]();
  });

  interface Case {
    origin: GitRepository;
    run: PublishedRun;
    /** The remote as the container that pushes is given it. */
    remote: string;
    /** The commit of a branch of the remote; empty: there is none. */
    at: (branch?: string) => Promise<string>;
  }

  /** A remote with a workflow and a link to a CI file, and a run that has cloned it. */
  async function aCase(more: Record<string, string> = {}): Promise<Case> {
    const name = `case-${(count += 1)}`;
    const origin = await createGitRepository(join(directory.path, "remote", name), {
      "README.md": "# A repository\n",
      ".github/workflows/ci.yml": "on: push\n",
      "ci/gitlab.yml": "stages: []\n",
      ".gitlab-ci.yml": { link: "ci/gitlab.yml" },
    });
    await origin.git("config", "http.receivepack", "true");
    const run = await createPublishedRun(join(directory.path, "pods", name), `${open.url}/${name}`, {
      values: { ...values, ...more },
    });
    const at = (branch = "agent/fix-bug"): Promise<string> =>
      origin.git("for-each-ref", "--format=%(objectname)", `refs/heads/${branch}`);
    return { origin, run, remote: `${server.url}/${name}`, at };
  }

  /** Another run that clones the same remote as it is now. */
  async function aRunOf(each: Case, from: { branch?: string } = {}): Promise<Case> {
    const place = join(directory.path, "pods", `again-${(count += 1)}`);
    const url = each.remote.replace(server.url, open.url);
    const options = { values, run: { repository: repository(url, { branch: "main", ...from }) } };
    return { ...each, run: await createPublishedRun(place, url, options) };
  }

  function killGroup(pid: number): void {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  const publish = ({ run, remote }: Case, changes: Parameters<PublishedRun["publish"]>[0] = {}) =>
    run.publish({
      repository: {
        url: remote,
        submodules: false,
        exposeCredentialsToAgent: false,
        credentials: { name: "push", key: "token" },
      },
      ...changes,
    });

  function report({ message }: Publication): Record<string, unknown> {
    return JSON.parse(message) as Record<string, unknown>;
  }

  const CHANGE = "echo more >>README.md; git commit -qam More";

  test("pushes the commits, and once more changes nothing", async () => {
    const each = await aCase();
    await each.run.sh(CHANGE);
    const head = await each.run.git("rev-parse", "HEAD");
    const first = await publish(each);
    assert.equal(first.code, 0, first.shown);
    assert.deepEqual(report(first), { type: "agent-operator", commit: head });
    assert.equal(await each.at(), head);
    assert.deepEqual(report(await publish(each)), report(first));
    assert.ok(!first.shown.includes(TOKEN));
  });

  test("leaves uncommitted work alone, or commits it: the same commit each time", async () => {
    const each = await aCase();
    await each.run.sh("echo more >>README.md; echo new >new.txt");
    assert.deepEqual(report(await publish(each)), { type: "agent-operator", nothing: true });
    assert.equal(await each.at(), "");
    const commit = { name: "Robot", email: "robot@example.com", message: "What\nwas $(left)", seconds: 1e9 };
    const first = await publish(each, { commit });
    assert.equal(first.code, 0, first.shown);
    assert.deepEqual(report(await publish(each, { commit })), report(first));
    assert.equal(await each.at(), report(first)["commit"]);
    assert.equal(
      await each.origin.git("log", "-1", "--format=%an <%ae> %at%n%B", "agent/fix-bug"),
      "Robot <robot@example.com> 1000000000\nWhat\nwas $(left)",
    );
    assert.equal(await each.origin.git("show", "agent/fix-bug:new.txt"), "new");
  });

  test("goes forward from what is there, and overwrites nothing", async () => {
    const each = await aCase();
    await each.run.sh(CHANGE);
    const first = await publish(each);
    await each.run.sh("git commit -q --allow-empty -m Again");
    assert.equal((await publish(each)).code, 0);
    await each.run.sh("git reset -q --hard HEAD~1; git commit -q --allow-empty -m Other");
    const moved = await publish(each);
    assert.equal(moved.code, 64, moved.shown);
    assert.equal(report(moved)["reason"], "BranchMoved");
    assert.notEqual(await each.at(), report(first)["commit"]);
  });

  test("never takes the branch that the work is for, unless it is named", async () => {
    const each = await aCase();
    await each.origin.git("config", "receive.denyCurrentBranch", "ignore");
    await each.run.sh(CHANGE);
    const before = await each.at("main");
    const refused = await publish(each, { branch: "main", base: undefined });
    assert.match(String(report(refused)["message"]), /which is the branch that it is for: name it/);
    assert.equal(await each.at("main"), before);
    assert.equal((await publish(each, { branch: "main", isNamed: true })).code, 0);
    assert.equal(await each.at("main"), await each.run.git("rev-parse", "HEAD"));
  });

  test("asks the remote for the commit that the run started from, if its branch has left it", async () => {
    const each = await aCase();
    await each.run.sh("echo more >>README.md; git commit -qam More");
    await each.origin.git("branch", "old", "main");
    const anew = await each.origin.git("commit-tree", "main^{tree}", "-m", "Begun anew");
    await each.origin.git("update-ref", "refs/heads/main", anew);
    const done = await publish(each, { protectedPaths: [] });
    assert.equal(done.code, 0, done.shown);
    assert.doesNotMatch(done.shown, /sed:/);
    assert.equal(await each.at(), await each.run.git("rev-parse", "HEAD"));
  });

  test("shows what the remote says, without secrets", async () => {
    const each = await aCase();
    await each.run.sh(CHANGE);
    await writeFile(
      join(each.origin.path, ".git/hooks/pre-receive"),
      `#!/bin/sh\necho 'GH006: Protected branch. ${TOKEN}' >&2\nexit 1\n`,
      { mode: 0o755 },
    );
    const hook = await publish(each);
    assert.equal(hook.code, 64, hook.shown);
    assert.equal(report(hook)["reason"], "PublishRefused");
    assert.match(
      String(report(hook)["message"]),
      /GH006: Protected branch\. \*\*\*\n.*pre-receive hook declined/,
    );
    assert.ok(!(hook.shown + hook.message).includes(TOKEN));
    await writeFile(
      join(each.origin.path, ".git/hooks/pre-receive"),
      "#!/bin/sh\nprintf '%03000d' 0 | tr 0 '\"' >&2; exit 1\n",
    );
    const long = await publish(each);
    assert.ok(Buffer.byteLength(long.message) <= 4096, "a node keeps no more");
    assert.equal(report(long)["reason"], "PublishRefused");
    await rm(join(each.origin.path, ".git/hooks/pre-receive"));
    const checkedOut = await publish(each, { branch: "main", isNamed: true });
    assert.match(String(report(checkedOut)["message"]), /branch is currently checked out/);
  });

  test("says that the credential is not good enough", async () => {
    const each = await aCase();
    await each.run.sh(CHANGE);
    const other = await publish({ ...each, remote: each.remote.replace("case-", "denied/case-") });
    assert.equal(report(other)["reason"], "PushDenied", other.shown);
    await each.origin.git("config", "http.receivepack", "false");
    const readOnly = await publish(each);
    assert.equal(report(readOnly)["reason"], "PushDenied", readOnly.shown);
    const expired = await aCase({ "push/token": "an-old-tok3n" });
    await expired.run.sh(CHANGE);
    const late = await publish(expired);
    assert.deepEqual([late.code, report(late)["reason"]], [64, "PushDenied"], late.shown);
    assert.ok(!late.shown.includes("an-old-tok3n"));
  });

  test("says that the repository is archived, in the remote's own words", async () => {
    const each = await aCase();
    await each.run.sh(CHANGE);
    const archived = await publish({ ...each, remote: each.remote.replace("case-", "archived/case-") });
    assert.deepEqual([archived.code, report(archived)["reason"]], [64, "RepositoryArchived"], archived.shown);
    assert.match(String(report(archived)["message"]), /This repository was archived so it is read-only/);
  });

  test("waits for a limit of requests that ends, and leaves one that lasts to a later pod", async () => {
    const each = await aCase();
    await each.run.sh(CHANGE);
    const limited = { ...each, remote: each.remote.replace("case-", "limited/case-") };
    limits = 2;
    const patient = await publish(limited);
    assert.equal(patient.code, 0, patient.shown);
    limits = 1000;
    const over = await publish(limited, { branch: "over" });
    assert.equal(over.code, 1, over.shown);
    assert.match(over.message, /429/);
    assert.equal(await each.at("over"), "");
  });

  const HIDING: Record<string, string> = {
    "a file that was changed and changed back":
      "echo x >>.github/workflows/ci.yml; git commit -qam x; git revert --no-edit HEAD >/dev/null",
    "a rename": "echo x >x; git add x; git commit -qm x; git mv x .github/workflows/x.yml; git commit -qm y",
    "a link in the place of a folder":
      "git rm -qr .github; mkdir -p o/workflows; echo x >o/workflows/x.yml; ln -s o .github; git add .; git commit -qm x",
    "what a protected link points to": "echo x >>ci/gitlab.yml; git commit -qam x",
    "a merge": `git checkout -q -b side; git commit -q --allow-empty -m x; git checkout -q -; git commit -q --allow-empty -m y
      git merge -q --no-commit --no-ff side; echo x >.github/workflows/x.yml; git add .; git commit -qm z`,
  };

  test("takes a path for a protected one in every form of it", async () => {
    const { origin } = await aCase();
    const hit = [
      ".github/workflows/ci.yml",
      ".GitHub/Workflows/x.yml",
      ".git\u200bhub/\uff57orkflows/x.yml",
      ".github./workflows /x.yml",
      ".github\\workflows\\x.yml",
      ".github",
      ".github/workflows",
      "ci/gitlab.yml",
      "CI/GitLab.yml",
      "ci",
      "a/b/Jenkinsfile",
      "jenkinsfile",
      "d\u00e9po\u0302t/x",
      "docs/a.md",
    ];
    const missed = [
      ".github/dependabot.yml",
      "github/workflows/x.yml",
      "ci/other.yml",
      "a/Jenkinsfile.md",
      "docs/a/b.md",
      "x.github/workflows",
    ];
    const patterns = [
      ".github/workflows",
      ".gitlab-ci.yml",
      "**/Jenkinsfile",
      "de\u0301p\u00f4t/**",
      "docs/*.md",
    ];
    const found = await runOk(
      "perl",
      [join(projectRoot, "images/agent/scripts/protected-paths.pl"), "HEAD"],
      {
        cwd: origin.path,
        env: { PATH: process.env["PATH"], AGENT_PROTECTED_PATHS: patterns.join("\n") },
        input: [...hit, ...missed].map((path) => `${path}\0`).join(""),
      },
    );
    assert.deepEqual(found.trimEnd().split("\n"), hit);
  });

  test("lets no protected path through, however it is hidden", async (t) => {
    const each = await aCase();
    for (const [name, script] of Object.entries(HIDING)) {
      await t.test(name, async () => {
        await each.run.sh(
          `git checkout -q -f main; git reset -q --hard origin/main; git clean -qdfx\n${script}`,
        );
        const result = await publish(each);
        assert.equal(result.code, 64, result.shown);
        assert.equal(report(result)["reason"], "ProtectedPath", result.message);
        assert.equal(await each.at(), "");
      });
    }
  });

  test("takes an old version of a protected file for a change", async () => {
    const each = await aCase();
    await each.origin.commit({ ".github/workflows/ci.yml": "on: never\n" }, "Safer");
    await each.run.sh(`git fetch -q origin main; old=$(git rev-parse HEAD); git merge -q --ff-only FETCH_HEAD
      git merge -q --no-ff -s ours $old 2>/dev/null || true
      git reset -q --hard $(git commit-tree $old^{tree} -p FETCH_HEAD -p $old -m 'Merge')`);
    const result = await publish(each);
    assert.equal(report(result)["reason"], "ProtectedPath", result.shown);
  });

  test("takes no old version of a protected file for the one that the run started from", async () => {
    const each = await aCase();
    const old = await each.origin.git("rev-parse", "HEAD");
    await each.origin.commit({ ".github/workflows/ci.yml": "on: never\n" }, "Safer");
    const later = await aRunOf(each);
    await later.run.sh(`git fetch -q --unshallow origin main; git reset -q --hard ${old}; ${CHANGE}`);
    const result = await publish(later);
    assert.equal(report(result)["reason"], "ProtectedPath", result.shown);
    assert.match(String(report(result)["message"]), /ci\.yml/);
    assert.equal(await each.at(), "");
    // What the run was given stays right, whatever the branch has become meanwhile.
    await later.run.sh(`git reset -q --hard origin/main; ${CHANGE}`);
    await each.origin.commit({ ".github/workflows/ci.yml": "on: push\n" }, "Later");
    const done = await publish(later);
    assert.equal(done.code, 0, done.shown);
    // And what is at the remote's branch already, too: a second run goes on from there.
    await each.origin.commit({ ".github/workflows/ci.yml": "on: [push]\n" }, "Later still");
    const next = await aRunOf(each, { branch: "agent/fix-bug" });
    await next.run.sh(CHANGE);
    const again = await publish(next);
    assert.equal(again.code, 0, again.shown);
  });

  test("replaces only what the operator has published for the same work", async () => {
    const each = await aCase();
    await each.run.sh(CHANGE);
    assert.equal((await publish(each)).code, 0);
    const there = await each.at();
    await each.run.sh("git commit -q --amend -m Amended");
    const refused = await publish(each, { published: ["a".repeat(40)] });
    assert.equal(report(refused)["reason"], "BranchMoved", refused.shown);
    const done = await publish(each, { published: ["a".repeat(40), there] });
    assert.equal(done.code, 0, done.shown);
    assert.equal(await each.at(), await each.run.git("rev-parse", "HEAD"));
    // Somebody else has worked on it meanwhile.
    const others = await each.origin.git("commit-tree", "main^{tree}", "-p", await each.at(), "-m", "Theirs");
    await each.origin.git("update-ref", "refs/heads/agent/fix-bug", others);
    const published = [await each.run.git("rev-parse", "HEAD")];
    await each.run.sh("git commit -q --amend -m Again");
    assert.equal(report(await publish(each, { published }))["reason"], "BranchMoved");
    assert.equal(await each.at(), others);
  });

  test("follows the protected links that the work has, whatever the remote's branch has made of them", async () => {
    const each = await aCase();
    await each.origin.git("rm", "-q", ".gitlab-ci.yml");
    await each.origin.commit({ ".gitlab-ci.yml": "stages: []\n" }, "No link");
    await each.run.sh("echo x >>ci/gitlab.yml; git commit -qam x");
    const result = await publish(each);
    assert.equal(report(result)["reason"], "ProtectedPath", result.shown);
  });

  test("lets through what is not protected, and a merge of the base with its own changes", async () => {
    const each = await aCase();
    await each.origin.commit({ ".github/workflows/ci.yml": "on: never\n" }, "Safer");
    await each.run
      .sh(`${CHANGE}; mkdir -p .github/docs; echo x >.github/docs/x; git add .; git commit -qm Docs
      git fetch -q --unshallow origin main; git merge -q --no-edit FETCH_HEAD`);
    const result = await publish(each);
    assert.equal(result.code, 0, result.shown);
    await each.run.sh("echo x >>.github/workflows/ci.yml; git commit -qam CI");
    assert.equal((await publish(each, { protectedPaths: [] })).code, 0);
  });

  const TRAPS: Record<string, string> = {
    "hooks and filters": `mkdir -p .git/hooks .git/info; printf '#!/bin/sh\\ntouch %s/ran\\n' "$PWD" >.git/hooks/pre-push; chmod 755 .git/hooks/pre-push
      cp .git/hooks/pre-push .git/hooks/reference-transaction; echo '* filter=x' >.git/info/attributes
      git config filter.x.clean "touch $PWD/ran; cat"; git config core.fsmonitor "touch $PWD/ran"`,
    "another host instead": `git config url."http://127.0.0.1:1/".insteadOf http://; git config http.proxy http://127.0.0.1:1
      git config remote.origin.pushurl http://127.0.0.1:1/x; git config credential.helper "!touch $PWD/ran"`,
    alternates: "echo /etc/agent-operator/git-credentials >.git/objects/info/alternates",
    "strange refs": `cp .git/refs/heads/main '.git/refs/heads/--upload-pack=touch ran'; git update-ref refs/replace/$(git rev-parse HEAD~1) HEAD`,
  };

  test("is not led astray by a .git", async (t) => {
    for (const [name, script] of Object.entries(TRAPS)) {
      await t.test(name, async () => {
        const each = await aCase();
        await each.run.sh(`${CHANGE}; ${script}`);
        const result = await publish(each, {
          commit: { name: "R", email: "r@example.com", message: "m", seconds: 1 },
        });
        assert.equal(result.code, 0, result.shown);
        assert.notEqual(await each.at(), "");
        await assert.rejects(readFile(each.run.pod.at("/workspace/ran")));
      });
    }
  });

  for (const step of ["pack", "push", "snapshot"] as const)
    test(`ends in the same state if ${step} was killed at any moment`, async () => {
      const each = await aCase();
      await each.run.sh(CHANGE);
      const head = await each.run.git("rev-parse", "HEAD");
      const repository = {
        url: each.remote,
        submodules: false,
        exposeCredentialsToAgent: false,
        credentials: { name: "push", key: "token" },
      };
      assert.equal((await publish(each, { branch: "whole" })).code, 0);
      const began = performance.now();
      await (
        await each.run.start(step, { repository, branch: "first" })
      ).ended;
      const tookMs = performance.now() - began;
      for (let round = 0; round < MOMENTS; round += 1) {
        const branch = `killed-${round}`;
        const container = await each.run.start(step, { repository, branch });
        await setTimeout(((round + Math.random()) / MOMENTS) * tookMs);
        if (container.pid > 0) killGroup(container.pid);
        await container.ended;
        const there = await each.at(branch);
        assert.ok(there === "" || there === head, there);
        if (step === "snapshot") {
          assert.equal(report(await each.run.snapshot())["commit"], head);
        } else if (step === "pack") {
          const { code, stderr } = await (await each.run.start("pack", { repository, branch })).ended;
          assert.equal(code, 0, stderr);
          assert.match(
            await readFile(handedOver(each.run.directory), "latin1"),
            new RegExp(`\\n${head} refs`),
          );
        } else {
          const { code, shown } = await each.run.push({ repository, branch });
          assert.equal(code, 0, shown);
          assert.equal(await each.at(branch), head);
        }
      }
    });

  test("trusts a private certificate authority that the repository names, and no other", async () => {
    const { ca, serverKey, serverCertificate } = await loadPki(undefined, new Date());
    const tls = { key: serverKey, cert: serverCertificate };
    const root = join(directory.path, "remote");
    const secure = await startGitHttpServer({ root, user: "x-access-token", password: TOKEN, tls });
    try {
      const each = await aCase({ "ca/ca.pem": ca });
      await each.run.sh(CHANGE);
      const url = each.remote.replace(server.url, secure.url);
      const repository = { url, submodules: false, exposeCredentialsToAgent: false, credentials };
      const wary = await publish(each, { repository });
      assert.match(wary.message, /certificate/);
      const trusting = await publish(each, {
        repository: { ...repository, caBundle: { name: "ca", key: "ca.pem" } },
      });
      assert.equal(trusting.code, 0, trusting.shown);
      assert.equal(await each.at(), await each.run.git("rev-parse", "HEAD"));
    } finally {
      await secure.close();
    }
  });

  test("verifies the commit that is published, in a checkout of its own", async () => {
    const each = await aCase();
    const start = await each.run.git("rev-parse", "HEAD");
    await each.run.sh(`${CHANGE}; git rev-parse HEAD >head; ${TRAPS["hooks and filters"]}`);
    const checkout = (path: string): Promise<string> =>
      readFile(join(each.run.pod.at("/workspace-checkout"), path), "utf8");
    const committed = await each.run.snapshot();
    assert.equal(committed.code, 0, committed.shown);
    assert.equal(
      `${String(report(committed)["commit"])}\n`,
      await readFile(each.run.pod.at("/workspace/head"), "utf8"),
    );
    assert.equal(await checkout("README.md"), "# A repository\nmore\n");
    await assert.rejects(checkout("head"));
    const base = await each.run.snapshot({ step: "base" });
    assert.equal(report(base)["commit"], start);
    assert.equal(await checkout("README.md"), "# A repository\n");
    const commit = { name: "R", email: "r@example.com", message: "m", seconds: 1 };
    const all = await each.run.snapshot({ commit });
    const verified = String(report(all)["commit"]);
    assert.match(await checkout("head"), /^[0-9a-f]{40}\n$/);
    await assert.rejects(readFile(each.run.pod.at("/workspace/ran")));
    await each.run.sh("echo later >later.txt");
    const changed = await publish(each, { commit, verified });
    assert.match(changed.message, /the work has changed since it was verified/);
    await each.run.sh("rm later.txt");
    assert.deepEqual(report(await publish(each, { commit, verified })), report(all));
  });

  test("does not read a link as what is handed over, nor what is no bundle", async () => {
    const each = await aCase();
    await each.run.sh(CHANGE);
    assert.equal((await publish(each)).code, 0);
    const bundle = handedOver(each.run.directory);
    await rm(bundle);
    await symlink("/etc/passwd", bundle);
    assert.equal(report(await each.run.push())["message"], "what was handed over is no file");
    await rm(bundle);
    await writeFile(bundle, "start \n# v2 git bundle\n--upload-pack=x\n\nPACK");
    assert.equal(report(await each.run.push())["message"], "what was handed over has no commit");
  });
});
