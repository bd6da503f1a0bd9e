import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { utterancesOf } from "./transcript.ts";

describe("utterancesOf", () => {
  it("reads what a real claude printed", () => {
    assert.deepEqual(recorded("claude-stream-json-success.jsonl"), [
      { kind: "tool", text: "Write: /workspace/HELLO.md" },
      { kind: "tool", text: 'Bash: git add -A && git commit -m "Add HELLO.md"' },
      { kind: "text", text: "Done: HELLO.md was created and committed." },
    ]);
  });

  it("reads what a real opencode printed", () => {
    assert.deepEqual(recorded("opencode-json-success.jsonl"), [
      { kind: "tool", text: "write: /workspace/HELLO.md" },
      { kind: "tool", text: 'bash: git add -A && git commit -m "Add HELLO.md"' },
      { kind: "text", text: "Done: HELLO.md was created and committed." },
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
    '{"type":"assistant","message":{"content":[null,1,{"type":"text"},{"type":"tool_use"}]}}',
  ]) {
    it(`says nothing for ${line || "an empty line"}`, () => {
      assert.deepEqual(utterancesOf(line), []);
    });
  }
});

function recorded(name: string): unknown[] {
  const path = new URL(`../../test/fixtures/agents/${name}`, import.meta.url);
  return readFileSync(path, "utf8").split("\n").flatMap(utterancesOf);
}
