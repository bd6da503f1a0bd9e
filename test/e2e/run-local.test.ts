import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { agentOfType } from "../../src/agents/registry.ts";
import { NAMED_AGENTS } from "../../src/api/agent-types.ts";
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

describe("agent-operator run --local", { concurrency: false, timeout: 420_000 }, () => {
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
    const {
      ANTHROPIC_API_KEY: _k,
      ANTHROPIC_AUTH_TOKEN: _t,
      CLAUDE_CODE_OAUTH_TOKEN: _o,
      ...environment
    } = process.env;
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

  for (const agent of NAMED_AGENTS.filter((each) => each !== "claude")) {
    it(`takes a task with ${agent}, whose key and address are in its own variables`, async () => {
      await using stack = new AsyncDisposableStack();
      const { repository, temporary } = await aCheckout(stack);
      const { tokenVariable, demo } = agentOfType(agent);
      const address = { [demo?.baseUrl ?? ""]: model?.url ?? "" };
      const args = ["--agent", agent, "--name", "mine", "Write a greeting"];
      const env = {
        ANTHROPIC_API_KEY: "",
        ANTHROPIC_BASE_URL: "",
        ...address,
        [tokenVariable(address, demo?.model)]: "sk-test-0123456789",
      };
      const { code, stdout, stderr } = await run(repository.path, temporary, args, env).ended;
      assert.equal(code, 0, stderr + stdout);
      assert.equal(await repository.git("log", "--format=%s", "HEAD..agent/mine"), "Add HELLO.md");
    });
  }

  it("takes the token of a Claude subscription", async () => {
    await using stack = new AsyncDisposableStack();
    const { repository, temporary } = await aCheckout(stack);
    const seen = model?.requests.length ?? 0;
    const env = { ANTHROPIC_API_KEY: "", CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat-0123456789" };
    const { code, stdout, stderr } = await run(repository.path, temporary, ["Write a greeting"], env).ended;
    assert.equal(code, 0, stderr + stdout);
    const [asked] = model?.requests.slice(seen).filter(({ path }) => path.startsWith("/v1/messages")) ?? [];
    assert.equal(asked?.headers.authorization, "Bearer sk-ant-oat-0123456789");
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
      "agent-operator: ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN is not set: claude needs the key of its model in it\n",
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
