import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { custom } from "./custom.ts";
import { parseCustomOutput } from "./custom-output.ts";

/** The end of a container's log, as the entrypoint leaves it. */
function logOf(output: string, log?: string): string {
  const told = { type: "agent-operator-text", output, ...(log === undefined ? {} : { log }) };
  return `${output}\n${JSON.stringify(told)}\n{"type":"agent-operator","ok":true,"exitCode":0}\n`;
}

const FULL_RESULT = JSON.stringify({
  type: "result",
  ok: true,
  text: "Fixed two tests.",
  sessionId: "s-1",
  turns: 3,
  tokens: { input: 1200, output: 340, cacheRead: 7 },
  costUSD: "0.0210",
});

describe("custom's command line", () => {
  test("is the command's words after the program, then what the provider and the run add", () => {
    const args = custom.args({
      runName: "r",
      command: ["aider", "--yes"],
      cliArgs: ["--no-auto-commits"],
      env: [],
      hasSystemPrompt: false,
      mcpServers: [],
      trustRepositoryConfig: false,
      sharedMounts: [],
      home: "/home/agent",
      isHomeNew: true,
    });
    assert.deepEqual(args, ["--yes", "--no-auto-commits"]);
  });
});

describe("custom's output", () => {
  test("is its last lines", () => {
    const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
    const report = parseCustomOutput(logOf(lines.join("\n")));
    assert.deepEqual(report, { ok: true, text: lines.slice(-20).join("\n") });
  });

  test("may be nothing at all", () => {
    assert.deepEqual(parseCustomOutput(logOf("")), { ok: true });
  });

  test("is cut to what fits, without half a character at its start", () => {
    const report = parseCustomOutput(logOf(`\uFFFD${"ü".repeat(9000)}end`));
    assert.match(report.text ?? "", /^…ü+end$/);
    assert.equal(report.text?.length, 4000);
  });

  test("ends with a line of JSON that tells more", () => {
    assert.deepEqual(parseCustomOutput(logOf(`working\n${FULL_RESULT}\n\n`)), {
      ok: true,
      sessionId: "s-1",
      turns: 3,
      tokens: { input: 1200, output: 340, cacheRead: 7, cacheWrite: 0 },
      costUSD: "0.021",
      text: "Fixed two tests.",
    });
  });

  test("that ends with a result without text is told by the lines before it", () => {
    assert.deepEqual(parseCustomOutput(logOf('all done\n{"type":"result"}')), { ok: true, text: "all done" });
  });

  test("counts only as a result in its last line, and only in that form", () => {
    for (const last of [
      '{"type":"result","ok":false}\nbut then it went well',
      '{"kind":"result","ok":false}',
    ]) {
      assert.deepEqual(parseCustomOutput(logOf(last)), { ok: true, text: last });
    }
  });

  test("leaves out what is not in that form", () => {
    const result = { type: "result", sessionId: 7, turns: "3", tokens: [1], costUSD: "free", text: {} };
    assert.deepEqual(parseCustomOutput(logOf(`said\n${JSON.stringify(result)}`)), { ok: true, text: "said" });
  });

  test("that reports a failure is one, in its own words", () => {
    const report = parseCustomOutput(
      logOf('{"type":"result","ok":false,"text":"no tests found","costUSD":1}'),
    );
    assert.deepEqual(report, {
      ok: false,
      costUSD: "1",
      text: "no tests found",
      error: { kind: "Other", message: "no tests found" },
    });
    const silent = parseCustomOutput(logOf('{"type":"result","ok":false}'));
    assert.equal(silent.error?.message, "it reported a failure");
  });

  test("that names the status with which the model's endpoint refused it is a failure of that kind", () => {
    const refused = '{"type":"result","ok":false,"status":429,"text":"slow down"}';
    const limited = { kind: "RateLimited", status: 429, message: "slow down" };
    assert.deepEqual(parseCustomOutput(logOf(refused)).error, limited);
    assert.deepEqual(parseCustomOutput(logOf(refused, "slow down")).error, limited);
    for (const status of [200, "429", 4e9]) {
      const result = JSON.stringify({ type: "result", ok: false, status, text: "no" });
      assert.deepEqual(parseCustomOutput(logOf(result)).error, { kind: "Other", message: "no" });
    }
    assert.deepEqual(parseCustomOutput(logOf('{"type":"result","status":429}')), { ok: true });
  });

  test("of a program that failed is told by all that it wrote last", () => {
    const report = parseCustomOutput(logOf("half done", "half done\nTraceback:\nKeyError: 'x'\n"));
    assert.deepEqual(report, {
      ok: false,
      text: "half done",
      error: { kind: "Other", message: "half done\nTraceback:\nKeyError: 'x'" },
    });
    assert.equal(parseCustomOutput(logOf("", "")).error?.message, "it wrote nothing");
  });

  test("is not known of a program that was killed with its entrypoint", () => {
    assert.equal(parseCustomOutput("half a li").error?.kind, "NoResult");
  });
});
