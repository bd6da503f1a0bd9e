import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Activity, Detail } from "../agents/agent.ts";
import { agentOfType } from "../agents/registry.ts";
import type { AgentType } from "../api/agent-types.ts";
import { AGENT_TYPES } from "../api/agent-types.ts";
import { createTranscript } from "./transcript.ts";

describe("createTranscript", () => {
  for (const [agent, bash] of [
    ["claude", "Bash"],
    ["opencode", "bash"],
  ] as const) {
    it(`reads what a real ${agent} printed`, () => {
      const name = agent === "claude" ? "claude-stream-json-success" : "opencode-json-success";
      assert.deepEqual(recorded(agent, name), [
        { kind: "tool", text: `${agent === "claude" ? "Write" : "write"}: /workspace/HELLO.md` },
        { kind: "tool", text: `${bash}: git add -A && git commit -m "Add HELLO.md"` },
        { kind: "text", text: "Done: HELLO.md was created and committed." },
      ]);
    });
  }

  it("reads what a real gemini printed", () => {
    assert.deepEqual(recorded("gemini", "gemini-success"), [
      { kind: "text", text: "I will write the file." },
      { kind: "tool", text: "write_file: HELLO.md" },
      { kind: "tool", text: 'run_shell_command: git add -A && git commit -m "Add HELLO.md"' },
      { kind: "text", text: "Done: HELLO.md was created and committed." },
    ]);
  });

  it("reads what a real codex printed", () => {
    const texts = recorded("codex", "codex-success").filter(({ kind }) => kind === "text");
    assert.deepEqual(texts.at(-1), { kind: "text", text: "Done: HELLO.md was created and committed." });
  });

  it("shows a model that does not answer", () => {
    assert.deepEqual(recorded("claude", "claude-stream-500-retries").slice(0, 2), [
      { kind: "retry", cause: "500", text: "the model did not answer (500), attempt 1 of 10, again in 1 s" },
      { kind: "retry", cause: "500", text: "the model did not answer (500), attempt 2 of 10, again in 1 s" },
    ]);
    assert.deepEqual(recorded("codex", "codex-down")[0], {
      kind: "retry",
      cause: "Connection failed: error sending request",
      text: "the model did not answer (Connection failed: error sending request), attempt 1 of 5",
    });
    const line = "Attempt 3 failed with status 503. Retrying with backoff... _ApiError: {}";
    assert.deepEqual(heard("gemini", [line]), [
      { kind: "retry", cause: "503", text: "the model did not answer (503), attempt 3" },
    ]);
  });

  for (const [agent, name, outputs] of [
    ["claude", "claude-stream-json-success", 2],
    ["opencode", "opencode-json-success", 2],
    ["gemini", "gemini-success", 2],
    ["codex", "codex-success", 2],
  ] as const)
    it(`has what ${agent} gave its tools and what they answered`, () => {
      const uses: Activity[] = [];
      const details: Detail[] = [];
      const transcript = createTranscript(
        agentOfType(agent),
        (activity) => activity.kind === "tool" && uses.push(activity),
        (detail) => details.push(detail),
      );
      for (const line of linesOf(name)) transcript.push(line);
      assert.equal(details.length, outputs);
      const last = details.at(-1);
      assert.ok(last?.kind === "output" && !last.failed, JSON.stringify(last));
      assert.match(last.text, /Add HELLO\.md\n 1 file changed/);
      assert.deepEqual(
        details.map((detail) => detail.kind === "output" && detail.use),
        uses.map(({ use }) => use),
      );
      assert.match(JSON.stringify(uses.map(({ input }) => input)), /# Hello.*git commit/);
    });

  for (const [agent, line] of [
    ["claude", { type: "assistant", message: { content: [{ type: "thinking", thinking: "Hm." }] } }],
    ["codex", { type: "item.completed", item: { type: "reasoning", text: "Hm." } }],
    ["opencode", { type: "reasoning", part: { text: "Hm." } }],
  ] as const)
    it(`has what ${agent} thinks, and says it to nobody who does not ask`, () => {
      const details: Detail[] = [];
      const heardAloud: Activity[] = [];
      createTranscript(
        agentOfType(agent),
        (activity) => heardAloud.push(activity),
        (detail) => details.push(detail),
      ).push(JSON.stringify(line));
      assert.deepEqual(details, [{ kind: "thinking", text: "Hm." }]);
      assert.deepEqual(heardAloud, []);
    });

  it("joins a text that comes in parts", () => {
    const part = (content: string) =>
      JSON.stringify({ type: "message", role: "assistant", content, delta: true });
    assert.deepEqual(
      heard("gemini", [
        part("I will "),
        "words between",
        part("look.\n"),
        '{"type":"tool_result"}',
        part("Done."),
      ]),
      [
        { kind: "text", text: "I will look." },
        { kind: "text", text: "Done." },
      ],
    );
  });

  it("shows the words of a program that is none of these, and none of its events", () => {
    assert.deepEqual(heard("custom", ["make: ok", "", '{"type":"result","text":"ok"}']), [
      { kind: "text", text: "make: ok" },
    ]);
  });

  for (const line of [
    "",
    "plain words",
    "{broken",
    "[]",
    "null",
    '{"type":"assistant"}',
    '{"type":"text"}',
    '{"type":"item.completed","item":null}',
    '{"type":"message","role":"assistant"}',
    '{"type":"error","message":"Reconnecting"}',
    '{"type":"assistant","message":{"content":[null,1,{"type":"text"},{"type":"tool_use"}]}}',
  ]) {
    it(`says nothing for ${line || "an empty line"}`, () => {
      for (const agent of AGENT_TYPES.filter((type) => type !== "custom"))
        assert.deepEqual(heard(agent, [line]), []);
    });
  }
});

function recorded(agent: AgentType, name: string): Activity[] {
  return heard(agent, linesOf(name));
}

function linesOf(name: string): string[] {
  const path = new URL(`../../test/fixtures/agents/${name}.jsonl`, import.meta.url);
  return readFileSync(path, "utf8").split("\n");
}

function heard(agent: AgentType, lines: readonly string[]): Activity[] {
  const found: Activity[] = [];
  const transcript = createTranscript(agentOfType(agent), ({ kind, text, cause }) =>
    found.push({ kind, text, ...(cause === undefined ? {} : { cause }) }),
  );
  for (const line of lines) transcript.push(line);
  transcript.end();
  return found;
}
