import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { json } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { agentRuns } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { packOnce } from "../support/program.ts";
import { projectRoot } from "../support/project-files.ts";
import { run, start, type RunningProgram } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

interface Action {
  inputs: Record<string, { default?: string }>;
  outputs: Record<string, { value: string }>;
  runs: { steps: { id?: string; run: string; env: Record<string, string> }[] };
}

const FOLDER = join(projectRoot, "action");
const action = parse(readFileSync(join(FOLDER, "action.yml"), "utf8")) as Action;
const SAID = "::error::forged\n@team ```` all done";
const SCENARIOS = {
  commit: [...committingScenario().slice(0, -1), { text: SAID }],
  fail: [{ fault: { status: 400, type: "invalid_request_error", message: "no" } }],
  wait: [{ actions: [{ run: "sleep 60" }] }, { text: "Done." }],
};

describe("the GitHub Action", { concurrency: false, timeout: 180_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const stack = new AsyncDisposableStack();
  const comments: { path: string; authorization: string | undefined; body: string }[] = [];
  let env: NodeJS.ProcessEnv = {};
  let directory = "";

  before(async () => {
    directory = stack.use(await temporaryDirectory()).path;
    const server = createServer((request, response) => {
      const { url: path = "", headers } = request;
      void json(request)
        .then((body) =>
          comments.push({ path, authorization: headers.authorization, ...(body as { body: string }) }),
        )
        .then(() => response.writeHead(201).end("{}"));
    }).listen(0, "127.0.0.1");
    stack.defer(() => void server.close());
    await once(server, "listening");
    const address = server.address();
    const event = join(directory, "event.json");
    await writeFile(event, JSON.stringify({ pull_request: { number: 7 } }));
    env = {
      PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
      HOME: directory,
      KUBECONFIG: agents.cluster.kubeconfig,
      npm_config_offline: "true",
      GITHUB_ACTION_PATH: FOLDER,
      GITHUB_API_URL: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
      GITHUB_EVENT_PATH: event,
      GITHUB_REPOSITORY: "org/repo",
      GITHUB_RUN_ID: "12",
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_STEP_SUMMARY: join(directory, "summary"),
    };
  });
  after(() => stack.disposeAsync());

  /** One step as the runner starts it: expressions become values of variables. */
  async function step(index: number, inputs: Record<string, string>, name = ""): Promise<RunningProgram> {
    const { run: script = "", env: wanted = {} } = action.runs.steps[index] ?? {};
    const given: Record<string, string> = {
      package: await packOnce(),
      namespace: agents.cluster.namespace,
      provider: "scripted",
      repository: agents.repositoryUrl,
      token: "ghs_token",
      ...inputs,
    };
    const value = (expression: string): string =>
      expression.replace(/^\$\{\{ (.+) \}\}$/, (_, path: string) =>
        path === "steps.name.outputs.name" ? name : (given[path.replace(/^inputs\./, "")] ?? ""),
      );
    const variables = Object.fromEntries(Object.entries(wanted).map(([key, text]) => [key, value(text)]));
    await writeFile(join(directory, "output"), "");
    return start("bash", ["-e", "-c", script], {
      cwd: directory,
      env: { ...env, ...variables, GITHUB_OUTPUT: join(directory, "output") },
      timeoutMs: 90_000,
    });
  }

  async function outputs(): Promise<Record<string, string>> {
    const text = await readFile(join(directory, "output"), "utf8");
    return Object.fromEntries(
      [...text.matchAll(/^(\w+)<<(.+)\n([\s\S]*?)\n\2$/gm)].map(([, name = "", , value = ""]) => [
        name,
        value,
      ]),
    );
  }

  it("names a run after the workflow's", async () => {
    const { code, stderr } = await (await step(0, {})).ended;
    assert.equal(code, 0, stderr);
    assert.match((await outputs())["name"] ?? "", /^ci-12-1-[0-9a-f]{6}$/);
  });

  it("starts a run, waits, sets outputs and comments, and no word of the agent is a command", async () => {
    const { code, stdout, stderr } = await (
      await step(1, { prompt: "commit", comment: "true" }, "ci-works")
    ).ended;
    assert.equal(code, 0, stderr);
    const set = await outputs();
    assert.deepEqual(
      [set["phase"], set["reason"], set["outcome"], set["branch"], set["text"]],
      ["Succeeded", "Completed", "Committed", "main", SAID],
    );
    assert.match(set["commit"] ?? "", /^[0-9a-f]{40}$/);
    const [, token] = /^::stop-commands::(\S+)$/m.exec(stdout) ?? [];
    assert.ok(stdout.trimEnd().endsWith(`::${token}::`), stdout);
    const [comment, ...more] = comments;
    assert.deepEqual(more, []);
    assert.deepEqual(
      [comment?.path, comment?.authorization],
      ["/repos/org/repo/issues/7/comments", "Bearer ghs_token"],
    );
    assert.match(comment?.body ?? "", /^AgentRun `ci-works`\n\n`{5}text\nphase +Succeeded\n[\s\S]*\n`{5}\n$/);
    assert.ok(comment?.body.includes(SAID));
    assert.equal(await readFile(join(directory, "summary"), "utf8"), comment?.body);
  });

  it("fails with a run that has failed, and still sets outputs", async () => {
    const { code } = await (await step(1, { prompt: "fail" }, "ci-fails")).ended;
    assert.equal(code, 1);
    assert.equal((await outputs())["phase"], "Failed");
    assert.equal(comments.length, 1);
  });

  it("fails if the run cannot be created", async () => {
    const { code, stderr } = await (await step(1, { prompt: "commit", timeout: "soon" }, "ci-wrong")).ended;
    assert.notEqual(code, 0);
    assert.match(stderr, /timeout/);
    assert.deepEqual(await outputs(), {});
  });

  it("cancels the run if the workflow is cancelled", async () => {
    await agents.create("ci-stops", { prompt: "wait" });
    await agents.until("ci-stops", ({ status }) => status?.phase === "Running");
    const { code, stderr } = await (await step(2, {}, "ci-stops")).ended;
    assert.equal(code, 0, stderr);
    assert.equal((await agents.until("ci-stops")).status?.reason, "Cancelled");
    assert.ok(
      await agents.cluster.client.get(agentRuns, { namespace: agents.cluster.namespace, name: "ci-stops" }),
    );
  });

  it("hands every input on, and nothing else", async () => {
    const used = action.runs.steps.flatMap((each) =>
      Object.values(each.env).flatMap((text) => [...text.matchAll(/inputs\.(\w+)/g)].map(([, name]) => name)),
    );
    assert.deepEqual([...new Set(used)].toSorted(), Object.keys(action.inputs).toSorted());
    for (const { run: script } of action.runs.steps) assert.doesNotMatch(script, /\$\{\{/);
    const ids = new Set(action.runs.steps.map(({ id }) => id));
    for (const { value } of Object.values(action.outputs))
      assert.ok(ids.has(/^\$\{\{ steps\.(\w+)\.outputs\.\w+ \}\}$/.exec(value)?.[1]), value);
    const { version } = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8")) as {
      version: string;
    };
    assert.equal(action.inputs["package"]?.default, `agent-operator@${version}`);
    const { code } = await run(process.execPath, ["--check", join(FOLDER, "agent-run.mjs")]);
    assert.equal(code, 0);
  });
});
