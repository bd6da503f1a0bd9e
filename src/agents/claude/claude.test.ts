import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { AgentErrorKind, AgentSetup } from "../agent.ts";
import { claude } from "./claude.ts";

function sample(name: string): string {
  const text = readFileSync(new URL(`../../../test/fixtures/agents/${name}`, import.meta.url), "utf8");
  return name.endsWith(".json") ? JSON.stringify(JSON.parse(text)) : text;
}

const setup: AgentSetup = {
  runName: "fix-bug",
  env: [],
  cliArgs: [],
  hasSystemPrompt: false,
  mcpServers: [],
  trustRepositoryConfig: false,
  sharedMounts: [],
  home: "/home/agent",
  isHomeNew: true,
};

describe("claude's output", () => {
  test("a success has its session, turns, tokens with side requests, cost and text", () => {
    assert.deepEqual(claude.parseOutput(sample("claude-stream-json-success.jsonl")), {
      ok: true,
      sessionId: "ec448f9a-1e78-4e7b-8b79-adc9f70f00d0",
      turns: 3,
      tokens: { input: 4300, output: 200, cacheRead: 800, cacheWrite: 1200 },
      costUSD: "0.0344",
      text: "Done: HELLO.md was created and committed.",
    });
  });

  const failures: [string, AgentErrorKind, number | undefined, RegExp][] = [
    ["claude-result-401.json", "Authentication", 401, /Failed to authenticate/],
    ["claude-result-no-key.json", "Authentication", undefined, /Not logged in/],
    ["claude-result-max-turns.json", "TurnLimit", undefined, /turn/i],
    ["claude-result-sigint.json", "Interrupted", undefined, /./],
    ["claude-result-unknown-slash.json", "NotUnderstood", undefined, /Unknown command: \/nosuch/],
    ["claude-stream-500-retries.jsonl", "Api", 500, /API Error: 500/],
  ];
  for (const [name, kind, status, message] of failures) {
    test(`${name} is ${kind}`, () => {
      const { ok, error } = claude.parseOutput(sample(name));
      assert.equal(ok, false);
      assert.equal(error?.kind, kind);
      assert.equal(error?.status, status);
      assert.match(error?.message ?? "", message);
    });
  }

  test("a cut first line, foreign lines and the outcome line change nothing", () => {
    const output = sample("claude-stream-json-success.jsonl");
    const tail = `\uFFFD\uFFFDlö"}\n${output.slice(200)}\nnot json {\n{"type":"agent-operator","ok":true}\n{"broken\n`;
    assert.deepEqual(claude.parseOutput(tail), claude.parseOutput(output));
  });

  test("without a result the last retry, the session and the last words are told", () => {
    const retry =
      '{"type":"system","subtype":"api_retry","error_status":403,"error":"permission","session_id":"s"}';
    const words =
      '{"type":"assistant","message":{"content":[{"type":"text","text":"So far."}]},"session_id":"s"}';
    assert.deepEqual(claude.parseOutput(`${words}\n${retry}\n`), {
      ok: false,
      sessionId: "s",
      text: "So far.",
      error: {
        kind: "Authentication",
        status: 403,
        message: "the model's endpoint answered 403 (permission)",
      },
    });
    assert.equal(claude.parseOutput(`${retry}\n${words}\n`).error?.kind, "NoResult");
    assert.equal(claude.parseOutput("").error?.kind, "NoResult");
  });

  test("a result of unexpected shape is a failure, never a crash", () => {
    const lines = ["[]", "null", "{}", '{"type":"result"}', '{"type":"result","subtype":7,"modelUsage":[1]}'];
    assert.equal(claude.parseOutput(lines.join("\n")).ok, false);
  });
});

describe("claude's settings", () => {
  test("the token variable follows the base URL", () => {
    assert.equal(claude.tokenVariable({}, undefined), "ANTHROPIC_API_KEY");
    const of = (url: string): string => claude.tokenVariable({ ANTHROPIC_BASE_URL: url }, undefined);
    assert.equal(of("https://api.anthropic.com"), "ANTHROPIC_API_KEY");
    assert.equal(of("http://litellm-proxy:8317"), "ANTHROPIC_AUTH_TOKEN");
    assert.equal(of("https://api.anthropic.com.example.org"), "ANTHROPIC_AUTH_TOKEN");
    assert.equal(of("$(GATEWAY)"), "ANTHROPIC_AUTH_TOKEN");
  });

  test("the run's model wins, and a mapped sonnet alone is taken", () => {
    const environment = { ANTHROPIC_DEFAULT_SONNET_MODEL: "gemini-3-flash-preview" };
    assert.equal(claude.chooseModel({ run: "a", provider: "b", config: "c", environment }), "a");
    assert.equal(claude.chooseModel({ config: "c", environment }), "c");
    assert.equal(claude.chooseModel({ environment }), "gemini-3-flash-preview");
    assert.equal(claude.chooseModel({ environment: { ...environment, ANTHROPIC_MODEL: "x" } }), undefined);
    assert.equal(claude.chooseModel({ environment: {} }), undefined);
  });

  test("the prompt is no argument, and an untrusted repository's configuration is off", () => {
    assert.deepEqual(claude.args({ ...setup, model: "sonnet", cliArgs: ["--max-turns", "3"] }), [
      "-p",
      "--output-format",
      "stream-json",
      "--verbose",
      "--dangerously-skip-permissions",
      "--model",
      "sonnet",
      "--setting-sources",
      "user",
      "--strict-mcp-config",
      "--max-turns",
      "3",
    ]);
    assert(!claude.args({ ...setup, trustRepositoryConfig: true }).includes("--strict-mcp-config"));
  });

  test("a base URL that ends in /v1 is given without it", () => {
    const of = (value: string): Record<string, string> =>
      claude.corrections({ ...setup, env: [{ name: "ANTHROPIC_BASE_URL", value }] });
    assert.deepEqual(of("http://gateway/v1/"), { ANTHROPIC_BASE_URL: "http://gateway" });
    assert.deepEqual(of("http://gateway/anthropic"), {});
    assert.deepEqual(of("$(GATEWAY)/v1"), {});
  });
});
