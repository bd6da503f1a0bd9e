import assert from "node:assert/strict";
import { access, symlink } from "node:fs/promises";
import { test } from "node:test";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { parseGitReport } from "../../src/plan/specs/git-report.ts";
import { runOk } from "../support/run.ts";
import { describeAgent } from "./support/agent-behaviour.ts";
import { KEY, prepareAgentRun } from "./support/agent-run.ts";
import { startDeafProxy } from "./support/deaf-proxy.ts";

describeAgent("codex");

test("a trusted repository's configuration is used", async () => {
  await using run = await prepareAgentRun({
    agent: "codex",
    scenario: [{ text: "ok" }],
    files: {
      ".codex/config.toml": 'developer_instructions = "As the repository configures."\n',
      ".codex/hooks.json": JSON.stringify({
        hooks: { SessionStart: [{ hooks: [{ type: "command", command: "touch HOOKED" }] }] },
      }),
    },
    run: { trustRepositoryConfig: true },
  });
  assert.equal((await run.pod.runAgent()).code, 0);
  await access(run.pod.at("/workspace/HOOKED"));
  assert(JSON.stringify(run.model.requests[0]?.body).includes("As the repository configures."));
});

test("instructions that are a pipe or a link stop nothing and are passed over", async () => {
  await using run = await prepareAgentRun({
    agent: "codex",
    scenario: [{ text: "ok" }],
    files: { "CLAUDE.md": "As CLAUDE.md says.\n", "README.md": "x\n" },
  });
  await runOk("mkfifo", [run.pod.at("/workspace/AGENTS.override.md")]);
  await symlink("/proc/self/environ", run.pod.at("/workspace/AGENTS.md"));
  const { code, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  const body = JSON.stringify(run.model.requests[0]?.body);
  assert(body.includes("As CLAUDE.md says."));
  assert(!body.includes("AGENT_RUN="));
});

test("without a model it asks for its own, which calls its tools by scripts", async () => {
  await using run = await prepareAgentRun({
    agent: "codex",
    scenario: committingScenario(),
    run: { model: undefined },
  });
  const { code, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  assert.match(String(run.model.requests[0]?.body["model"]), /^gpt-/);
  assert.equal(parseGitReport(await run.pod.message())?.commits, 1);
});

test("an address that stands in a ConfigMap is asked, and no other", async () => {
  await using run = await prepareAgentRun({
    agent: "codex",
    scenario: [{ text: "Never." }],
    run: {
      env: [{ name: "OPENAI_BASE_URL", valueFrom: { configMapKeyRef: { name: "gateway", key: "url" } } }],
      args: ["request", "stream"].flatMap((of) => ["-c", `model_providers.endpoint.${of}_max_retries=0`]),
    },
    pod: { values: { "key/key": KEY, "gateway/url": "http://127.0.0.1:9/v1" } },
  });
  const { code, stdout } = await run.pod.runAgent();
  assert.equal(code, 1);
  const { error } = run.agent.parseOutput(stdout);
  assert.deepEqual([error?.kind, run.model.requests.length], ["Api", 0], error?.message);
});

test("it calls nobody but its model", async () => {
  using proxy = await startDeafProxy();
  await using run = await prepareAgentRun({
    agent: "codex",
    scenario: [
      { actions: [{ run: "sleep 1; git ls-remote https://asked.example.com/by-a-tool.git" }] },
      { text: "ok" },
    ],
    env: [
      { name: "HTTPS_PROXY", value: proxy.url },
      { name: "NO_PROXY", value: "127.0.0.1" },
    ],
  });
  assert.equal((await run.pod.runAgent()).code, 0);
  assert.deepEqual(proxy.asked, ["CONNECT asked.example.com:443 HTTP/1.1"]);
});

test("codex gives a result of the form that is asked for", async () => {
  const resultSchema =
    '{"type":"object","properties":{"risk":{"enum":["low","$(HOME)"]}},"required":["risk"],"additionalProperties":false}';
  await using run = await prepareAgentRun({
    agent: "codex",
    scenario: [{ text: "I will look.", actions: [{ run: "true" }] }, { text: '{"risk":"low"}' }],
    run: { resultSchema },
  });
  const { code, stdout, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  assert.deepEqual(run.agent.parseOutput(stdout).data, { risk: "low" });
  const asked = JSON.stringify(run.model.requests.find(({ main }) => main)?.body["text"]);
  assert(asked.includes(`"schema":${resultSchema}`), asked);
});
