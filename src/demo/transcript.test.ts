import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { agentOfType } from "../agents/registry.ts";
import type { AgentType } from "../api/agent-types.ts";
import { AGENT_TYPES } from "../api/agent-types.ts";
import { activitiesOf } from "./transcript.ts";

describe("activitiesOf", () => {
  it("reads what a real claude printed", () => {
    assert.deepEqual(recorded("claude", "claude-stream-json-success.jsonl"), [
      { kind: "tool", text: "Write: /workspace/HELLO.md" },
      { kind: "tool", text: 'Bash: git add -A && git commit -m "Add HELLO.md"' },
      { kind: "text", text: "Done: HELLO.md was created and committed." },
    ]);
  });

  it("reads what a real opencode printed", () => {
    assert.deepEqual(recorded("opencode", "opencode-json-success.jsonl"), [
      { kind: "tool", text: "write: /workspace/HELLO.md" },
      { kind: "tool", text: 'bash: git add -A && git commit -m "Add HELLO.md"' },
      { kind: "text", text: "Done: HELLO.md was created and committed." },
    ]);
  });

  it("reads what codex and gemini print", () => {
    const lines: [AgentType, string][] = [
      ["codex", '{"type":"item.started","item":{"type":"command_execution","command":"bash -lc ./test.sh"}}'],
      ["codex", '{"type":"item.completed","item":{"type":"agent_message","text":"Done."}}'],
      ["gemini", '{"type":"tool_use","tool_name":"run_shell_command","parameters":{"command":"./test.sh"}}'],
      ["gemini", '{"type":"message","role":"assistant","content":"Done.","delta":true}'],
    ];
    assert.deepEqual(
      lines.flatMap(([agent, line]) => activitiesOf(agentOfType(agent), line)),
      [
        { kind: "tool", text: "shell: bash -lc ./test.sh" },
        { kind: "text", text: "Done." },
        { kind: "tool", text: "run_shell_command: ./test.sh" },
        { kind: "text", text: "Done." },
      ],
    );
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
    '{"type":"assistant","message":{"content":[null,1,{"type":"text"},{"type":"tool_use"}]}}',
  ]) {
    it(`says nothing for ${line || "an empty line"}`, () => {
      for (const agent of AGENT_TYPES) assert.deepEqual(activitiesOf(agentOfType(agent), line), []);
    });
  }
});

function recorded(agent: AgentType, name: string): unknown[] {
  const path = new URL(`../../test/fixtures/agents/${name}`, import.meta.url);
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => activitiesOf(agentOfType(agent), line));
}
