import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { describeChange, outcomeOf } from "../../src/plan/agent-run/change.ts";
import { parseGitReport, type GitReport } from "../../src/plan/specs/git-report.ts";
import { createGitRepository } from "../support/git-repository.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { createPod, repository, resolvedRun } from "./support/pod.ts";
import type { TestPodOptions } from "./support/pod.ts";

interface Seen {
  git: GitReport | undefined;
  patch: string;
  origin: GitRepository;
}

/** What is reported of an agent that is this shell script. */
async function changeOf(
  script: string,
  {
    prepare,
    env = {},
    ...options
  }: TestPodOptions & {
    prepare?: (origin: GitRepository) => Promise<void>;
    env?: Record<string, string>;
  } = {},
): Promise<Seen> {
  await using directory = await temporaryDirectory();
  const origin = await createGitRepository(join(directory.path, "origin"));
  await prepare?.(origin);
  const run = resolvedRun({
    agent: "custom",
    command: ["sh", "-c", `${script}\necho done`],
    repository: repository(origin.path),
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
  });
  const pod = await createPod(join(directory.path, "pod"), run, options);
  const clone = await pod.clone();
  assert.equal(clone.code, 0, clone.stderr);
  const { code, stderr } = await pod.runAgent();
  assert.equal(code, 0, stderr);
  return {
    git: parseGitReport(await pod.message()),
    patch: await pod.read("/workspace-run/patch").catch(() => ""),
    origin,
  };
}

const commit = (text: string): string => `echo ${text} >${text}.txt; git add -A; git commit -qm ${text}`;

describe("what an agent has changed", { concurrency: 2 }, () => {
  test("a repository without a commit inside: the rest is in the patch, and it is named", async () => {
    const { git, patch } = await changeOf("echo new >new.txt; git init -q sub; echo x >sub/f");
    assert.deepEqual([git?.filesChanged, git?.leftOut, git?.leftOutCount], [1, ["sub/"], 1]);
    assert.match(patch, /^\+new$/m);
    assert.doesNotMatch(patch, /sub/);
    assert(git);
    assert.equal(
      describeChange(git),
      "the agent left uncommitted changes, 1 file changed; the patch lacks sub/",
    );
  });

  test("no variable of the run reaches the operator's own git, whatever else is set", async () => {
    const { patch } = await changeOf("echo new >new.txt", {
      env: {
        exported: "yes",
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "diff.noprefix",
        GIT_CONFIG_VALUE_0: "true",
      },
    });
    assert.match(patch, /^diff --git a\/new.txt b\/new.txt$/m);
  });

  test("what cannot be read is named, and is no deletion", async () => {
    const { git, patch } = await changeOf(
      "echo new >new.txt; echo s >'a secret'; chmod 000 'a secret' README.md; mkdir -m 000 closed",
    );
    assert.deepEqual(git?.leftOut, ["README.md", "a secret", "closed/"]);
    assert.equal(git.filesChanged, 1);
    assert.match(patch, /^\+new$/m);
    assert.doesNotMatch(patch, /README/);
  });

  test("only what is left out is a change too", async () => {
    const { git } = await changeOf("git init -q sub; echo x >sub/f");
    assert.deepEqual([git?.filesChanged, git?.uncommittedChanges, outcomeOf(git)], [0, true, "Changed"]);
  });

  test("a file of more than 100 MiB is named", async () => {
    const { git, patch } = await changeOf("head -c 104858624 /dev/zero >big; echo new >new.txt");
    assert.deepEqual([git?.filesChanged, git?.leftOut], [1, ["big"]]);
    assert.match(patch, /new\.txt/);
  });

  test("commits on a branch that is not checked out at the end", async () => {
    const { git } = await changeOf(
      `git checkout -qb fix; ${commit("one")}; ${commit("two")}; git checkout -q main`,
    );
    assert(git);
    assert.deepEqual(
      git.branches?.map(({ name, commits }) => [name, commits]),
      [["fix", 2]],
    );
    assert.deepEqual(
      [git.branch, git.commits, git.filesChanged, outcomeOf(git)],
      ["main", 2, 0, "Committed"],
    );
    assert.equal(describeChange(git), "the agent made 2 commits (also on fix), 0 files changed");
  });

  test("branches that are only names, or came from the remote, gained nothing", async () => {
    const { git } = await changeOf(
      "git branch same; git fetch -q origin other; git checkout -q --track origin/other; git checkout -q main",
      {
        prepare: async (origin) => {
          await origin.branch("other");
          await origin.commit({ "other.txt": "other\n" });
          await origin.switchTo("main");
        },
      },
    );
    assert.deepEqual([git?.branches, git?.commits, outcomeOf(git)], [undefined, 0, "NoChanges"]);
  });

  test("a branch that was pushed is the agent's work all the same", async () => {
    const { git } = await changeOf(
      `git init -q --bare ../tmp/remote; git remote set-url origin "$PWD/../tmp/remote"; git checkout -qb fix; ${commit("one")}; git push -q origin fix; git checkout -q main`,
    );
    assert.deepEqual([git?.branches?.map(({ name }) => name), git?.commits], [["fix"], 1]);
  });

  test("the base is what the checkout was made from, whatever the agent writes", async () => {
    const { git, patch, origin } = await changeOf(
      `${commit("one")}; rm -rf "$RUN_DIR"/*; git rev-parse HEAD >"$RUN_DIR/base"; git update-ref refs/remotes/origin/main HEAD; ${commit("two")}`,
    );
    assert.match(patch, /one\.txt[^]*two\.txt/);
    assert.deepEqual([git?.filesChanged, git?.branch], [2, "main"]);
    assert.match(git?.baseCommit ?? "", /^[0-9a-f]{40}$/);
    assert.notEqual(origin, undefined);
  });

  test("without the objects nothing is said of the changes, least of all that there are none", async () => {
    const { git } = await changeOf("rm -rf .git/objects");
    assert(git);
    assert.deepEqual(
      [git.commits, git.filesChanged, git.uncommittedChanges],
      [undefined, undefined, undefined],
    );
    assert.equal(outcomeOf(git), undefined);
    assert.equal(describeChange(git), "the agent did its task; what it changed is not known");
  });

  test("a submodule with work in it is named, one without is not", async () => {
    const clean =
      "git init -q ../tmp/lib; git -C ../tmp/lib commit -q --allow-empty -m x; git -c protocol.file.allow=always clone -q ../tmp/lib lib; git add lib 2>/dev/null; git commit -qm lib";
    assert.deepEqual((await changeOf(clean)).git?.leftOut, undefined);
    assert.deepEqual((await changeOf(`${clean}; echo x >lib/new`)).git?.leftOut, ["lib/"]);
    assert.deepEqual((await changeOf(`${clean}; git -C lib commit -q --allow-empty -m y`)).git?.leftOut, [
      "lib/",
    ]);
  });

  test("many long names fit into the termination message", async () => {
    const { git } = await changeOf(
      'i=0; while [ $i -lt 12 ]; do i=$((i+1)); git init -q "$(printf "%0200d" $i)"; git checkout -qb "$(printf "b%0200d" $i)"; git commit -q --allow-empty -m $i; done; git checkout -q main',
    );
    assert.deepEqual([git?.leftOut?.length, git?.leftOutCount, git?.branches?.length], [4, 12, 4]);
    assert.equal(git?.commits, 12);
  });

  test("a checkout that was fetched with credentials is seen as any other", async () => {
    await using directory = await temporaryDirectory();
    const root = join(directory.path, "remote");
    const origin = await createGitRepository(join(root, "shared"));
    const server = await startGitHttpServer({ root, user: "x-access-token", password: "tok3n" });
    try {
      const credentials = { name: "git", key: "token" };
      const pod = await createPod(
        join(directory.path, "pod"),
        resolvedRun({
          agent: "custom",
          command: ["sh", "-c", `${commit("one")}; echo more >>README.md; echo done`],
          repository: repository(`${server.url}/shared`, { credentials }),
        }),
        { values: { "git/token": "tok3n" } },
      );
      const clone = await pod.clone();
      assert.equal(clone.code, 0, clone.stderr);
      const { stderr } = await pod.runAgent();
      const git = parseGitReport(await pod.message());
      assert.deepEqual([git?.commits, git?.filesChanged, git?.uncommittedChanges], [1, 2, true], stderr);
      assert.equal(git?.baseCommit, await origin.git("rev-parse", "main"));
    } finally {
      await server.close();
    }
  });

  test("a TERM leaves time for what can be known", async () => {
    await using directory = await temporaryDirectory();
    const origin = await createGitRepository(join(directory.path, "origin"));
    const command = ["sh", "-c", "echo new >new.txt; echo ready; sleep 60"];
    const pod = await createPod(
      join(directory.path, "pod"),
      resolvedRun({ agent: "custom", command, repository: repository(origin.path) }),
    );
    assert.equal((await pod.clone()).code, 0);
    const program = pod.startAgent();
    await program.waitForOutput(/ready/);
    program.kill("SIGTERM");
    assert.equal((await program.ended).code, 143);
    assert.equal(parseGitReport(await pod.message())?.filesChanged, 1);
  });
});
