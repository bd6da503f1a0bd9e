import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { describeAgent } from "./support/agent-behaviour.ts";
import { prepareAgentRun } from "./support/agent-run.ts";

describeAgent("claude");

test("a first word with a slash reaches claude's model as text", async () => {
  const prompt = "/clear every cache";
  await using run = await prepareAgentRun({ agent: "claude", scenario: [{ text: "ok" }], run: { prompt } });
  const { code, stdout } = await run.pod.runAgent();
  assert.equal(code, 0);
  assert.equal(run.agent.parseOutput(stdout).ok, true);
  assert(run.model.requests.some((request) => request.prompt.includes(`\n${prompt}`)));
});

test("a trusted repository's configuration is used", async () => {
  await using run = await prepareAgentRun({
    agent: "claude",
    scenario: [{ text: "ok" }],
    files: {
      ".claude/settings.json": JSON.stringify({
        hooks: { SessionStart: [{ hooks: [{ type: "command", command: "touch HOOKED" }] }] },
      }),
    },
    run: { trustRepositoryConfig: true },
  });
  assert.equal((await run.pod.runAgent()).code, 0);
  await access(run.pod.at("/workspace/HOOKED"));
});

test("imports of a CLAUDE.md are followed as claude does, to files of the checkout alone", async () => {
  await using run = await prepareAgentRun({
    agent: "claude",
    scenario: [{ text: "ok" }],
    files: {
      "CLAUDE.md":
        "@AGENTS.md\n- see @docs/style.md#top.\n`@code.md` <!-- @comment.md -->\n```\n@fenced.md\n```\na@mail.md\n",
      "AGENTS.md": "use tabs\n",
      "docs/style.md": "be terse\n@../deeper.md @../../../etc/hostname\n",
      "deeper.md": "go deeper\n@CLAUDE.md\n",
      ...Object.fromEntries(
        ["code", "comment", "fenced", "mail"].map((name) => [`${name}.md`, `not ${name}\n`]),
      ),
      "secret.md": { link: "/proc/self/environ" },
    },
  });
  const { code, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  const body = JSON.stringify(run.model.requests.find(({ main }) => main)?.body);
  for (const text of ["use tabs", "be terse", "go deeper"]) assert.equal(body.split(text).length, 2, text);
  for (const name of ["code", "comment", "fenced", "mail"]) assert(!body.includes(`not ${name}`), name);
});

test("a prompt of 100 KiB arrives whole", async () => {
  const prompt = `${"ä".repeat(50 * 1024 - 1)}!!`;
  await using run = await prepareAgentRun({ agent: "claude", scenario: [{ text: "ok" }], run: { prompt } });
  assert.equal((await run.pod.runAgent()).code, 0);
  assert(run.model.requests.some((request) => request.prompt.includes(prompt)));
});

test("claude gives a result of the form that is asked for", async () => {
  const resultSchema =
    '{"type":"object","properties":{"risk":{"enum":["low","$(HOME)"]}},"required":["risk"]}';
  await using run = await prepareAgentRun({
    agent: "claude",
    scenario: [{ actions: [{ tool: "StructuredOutput", input: { risk: "low" } }] }, { text: "Done." }],
    run: { resultSchema },
  });
  const { code, stdout, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  assert.deepEqual(run.agent.parseOutput(stdout).data, { risk: "low" });
  const asked = JSON.stringify(run.model.requests.find(({ main }) => main)?.body);
  assert(asked.includes(`"input_schema":${resultSchema}`));
});
