import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startModelEndpoint, type ModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { createGitRepository, type GitRepository } from "../support/git-repository.ts";
import { assertNothingLeft } from "../support/leftovers.ts";
import { checkoutProgram } from "../support/project-files.ts";
import { start, type RunningProgram } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const HALF = [
  { actions: [{ run: "printf 'half\\n' > half.txt; git add half.txt; git commit -qm Half" }] },
  { actions: [{ run: "printf 'more\\n' > more.txt; sleep 60" }] },
];

describe("agent-operator run --local", { concurrency: false, timeout: 180_000 }, () => {
  let model: ModelEndpoint | undefined;
  before(async () => {
    model = await startModelEndpoint({
      scenario: (prompt) => (prompt.includes("half") ? HALF : committingScenario()),
    });
  });
  after(() => model?.close());

  const run = (
    folder: string,
    temporary: string,
    args: string[],
    env: NodeJS.ProcessEnv = {},
  ): RunningProgram => {
    const { ANTHROPIC_API_KEY: _k, ANTHROPIC_AUTH_TOKEN: _t, ...environment } = process.env;
    return start(process.execPath, [checkoutProgram, "run", "--local", ...args], {
      cwd: folder,
      env: {
        ...environment,
        TMPDIR: temporary,
        KUBECONFIG: "/nonexistent",
        ANTHROPIC_API_KEY: "sk-test-0123456789",
        ANTHROPIC_BASE_URL: model?.url,
        ...env,
      },
      timeoutMs: 100_000,
    });
  };

  async function aCheckout(
    stack: AsyncDisposableStack,
  ): Promise<{ repository: GitRepository; temporary: string }> {
    const repository = await createGitRepository(join(stack.use(await temporaryDirectory()).path, "mine"));
    return { repository, temporary: stack.use(await temporaryDirectory()).path };
  }

  it("takes a task in a checkout to a commit in a branch of it, and leaves nothing else", async () => {
    await using stack = new AsyncDisposableStack();
    const { repository, temporary } = await aCheckout(stack);
    await writeFile(join(repository.path, "README.md"), "# Mine, changed\n");
    const head = await repository.git("rev-parse", "HEAD");
    const { code, stdout, stderr } = await run(repository.path, temporary, ["Please write a greeting"]).ended;
    assert.equal(code, 0, stderr + stdout);
    assert.equal(stderr, "");
    assert.ok(stdout.includes(`repository  ${repository.path}, branch main at ${head.slice(0, 12)}`), stdout);
    assert.match(stdout, /does not see the changes in 1 file\(s\) that are not committed/);
    const [, branch = ""] = /^branch (agent\/write-greeting-[a-z0-9]{5}): 1 commit/m.exec(stdout) ?? [];
    assert.equal(await repository.git("log", "--format=%s", `HEAD..${branch}`), "Add HELLO.md");
    assert.equal(await repository.git("status", "--porcelain", "--branch"), "## main\n M README.md");
    assert.equal(await repository.git("rev-parse", "HEAD"), head);
    assert.ok(!stdout.includes("sk-test"));
    await assertNothingLeft(temporary);
  });

  it("brings home what the agent has done when it is stopped", async () => {
    await using stack = new AsyncDisposableStack();
    const { repository, temporary } = await aCheckout(stack);
    await using running = run(repository.path, temporary, ["--name", "half", "half of it"]);
    await running.waitForOutput(/sleep 60/);
    running.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 130, stderr + stdout);
    assert.match(stdout, /^branch agent\/half: 2 commit\(s\)/m);
    assert.equal(await repository.git("show", "agent/half:more.txt"), "more");
    await assertNothingLeft(temporary);
  });

  it("names the variable that is missing before it starts anything", async () => {
    await using stack = new AsyncDisposableStack();
    const { repository, temporary } = await aCheckout(stack);
    const env = { ANTHROPIC_API_KEY: "", ANTHROPIC_BASE_URL: "" };
    const { code, stdout, stderr } = await run(repository.path, temporary, ["x"], env).ended;
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.equal(
      stderr,
      "agent-operator: ANTHROPIC_API_KEY is not set: claude needs the key of its model in it\n",
    );
  });

  it("refuses a folder without a repository or a commit", async () => {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryDirectory());
    const { code, stderr } = await run(path, path, ["x"]).ended;
    assert.equal(code, 2);
    assert.match(stderr, /this folder is in no git repository; begin one with git init and a commit/);
  });
});
