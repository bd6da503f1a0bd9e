import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Activity } from "../agents/agent.ts";
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
  const path = new URL(`../../test/fixtures/agents/${name}.jsonl`, import.meta.url);
  return heard(agent, readFileSync(path, "utf8").split("\n"));
}

function heard(agent: AgentType, lines: readonly string[]): Activity[] {
  const found: Activity[] = [];
  const transcript = createTranscript(agentOfType(agent), (activity) => found.push(activity));
  for (const line of lines) transcript.push(line);
  transcript.end();
  return found;
}
