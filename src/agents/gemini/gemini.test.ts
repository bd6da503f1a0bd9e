import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { EnvVar } from "../../kube/builtin.ts";
import type { AgentErrorKind, AgentSetup } from "../agent.ts";
import { gemini } from "./gemini.ts";

function sample(name: string): string {
  return readFileSync(new URL(`../../../test/fixtures/agents/gemini-${name}.jsonl`, import.meta.url), "utf8");
}

function setup(changes: Partial<AgentSetup> = {}): AgentSetup {
  return {
    runName: "fix-bug",
    env: [],
    cliArgs: [],
    hasSystemPrompt: false,
    mcpServers: [],
    trustRepositoryConfig: false,
    sharedMounts: [],
    home: "/home/agent",
    isHomeNew: true,
    ...changes,
  };
}

interface Settings {
  advanced?: object;
  model?: object;
  modelConfigs?: { customOverrides: { modelConfig: object }[] };
  security: { auth: { selectedType: string } };
  mcpServers?: Record<string, { headers?: object; env?: object; args?: string[]; httpUrl?: string }>;
}

function settingsOf(of: AgentSetup): Settings {
  const text = gemini.files?.(of)[".gemini/settings.json"] ?? "";
  assert(!text.includes("\n"));
  return JSON.parse(text) as Settings;
}

describe("gemini's output", () => {
  const success = {
    ok: true,
    sessionId: "a0c842d8-2270-44a3-b215-b2ee0e1e0e06",
    turns: 3,
    tokens: { input: 3300, output: 150, cacheRead: 600, cacheWrite: 0 },
    text: "Done: HELLO.md was created and committed.",
  };

  test("a success has its session, turns, tokens and last words", () => {
    assert.deepEqual(gemini.parseOutput(sample("success")), success);
  });

  test("lines that a long log repeats, a cut first line and foreign ones change nothing", () => {
    const lines = sample("success").split("\n");
    const summary = lines.filter((line) => /^\{"type":"(init|result)"/.test(line));
    const tail = `\uFFFDlö"}\n${[...lines, ...summary].join("\n")}\nnot json {\n{"type":"agent-operator","ok":true}\n`;
    assert.deepEqual(gemini.parseOutput(tail), success);
  });

  test("an answer that is told twice counts once", () => {
    const answer = sample("success").split("\n").at(-2);
    assert.deepEqual(
      gemini.parseOutput(`${sample("success")}\n${answer?.replace(/\}$/, ',"more":1}')}`),
      success,
    );
  });

  test("what the model has thought is output", () => {
    const result =
      '{"type":"result","status":"success","stats":{"total_tokens":160,"input_tokens":100,"output_tokens":20,"cached":30,"input":70}}';
    const tokens = { input: 70, output: 60, cacheRead: 30, cacheWrite: 0 };
    assert.deepEqual(gemini.parseOutput(result).tokens, tokens);
  });

  test("its last words are put together from their pieces, and those before a tool where none follow", () => {
    const said = (content: string) => JSON.stringify({ type: "message", role: "assistant", content });
    const tool = '{"type":"tool_use"}\n{"type":"tool_result"}';
    const words = [said("First."), tool, said("All "), said("done.")].join("\n");
    assert.equal(gemini.parseOutput(words).text, "All done.");
    assert.equal(gemini.parseOutput(`${words}\n${tool}`).text, "All done.");
  });

  const failures: [string, AgentErrorKind, number | undefined, RegExp][] = [
    ["401", "Authentication", 401, /^UNAUTHENTICATED$/],
    ["bad-key", "Authentication", 400, /^API key not valid\. Please pass a valid API key\.$/],
    ["404", "Model", 404, /^models\/scripted-1 is not found/],
    ["429", "RateLimited", 429, /^RESOURCE_EXHAUSTED$/],
    ["503", "Overloaded", 503, /^UNAVAILABLE$/],
    ["529", "Overloaded", 529, /^INTERNAL$/],
    ["cut", "Api", undefined, /^terminated$/],
    ["max-turns", "TurnLimit", undefined, /max session turns/],
    ["empty", "Other", undefined, /empty response/],
  ];
  for (const [name, kind, status, message] of failures) {
    test(`${name} is ${kind}`, () => {
      const { ok, error } = gemini.parseOutput(sample(name));
      assert.equal(ok, false);
      assert.equal(error?.kind, kind);
      assert.equal(error?.status, status);
      assert.match(error?.message ?? "", message);
    });
  }

  test("a stop because of a loop is no success, whatever the result says", () => {
    const loop = '{"type":"error","severity":"warning","message":"Loop detected, stopping execution"}';
    const { error } = gemini.parseOutput(`${loop}\n${sample("success")}`);
    assert.equal(error?.message, "Loop detected, stopping execution");
  });

  test("without a result the attempt that it was in is told, unless the model answered after it", () => {
    const [init = "", user = "", words = ""] = sample("success").split("\n");
    const attempt = "Attempt 3 failed with status 503. Retrying with backoff... _ApiError: {}";
    assert.deepEqual(gemini.parseOutput(`${init}\n${user}\n${attempt}\n`).error, {
      kind: "Overloaded",
      status: 503,
      message: "the model's endpoint answered 503",
    });
    const refused = "Attempt 1 failed. Retrying with backoff... Error: fetch failed";
    assert.equal(gemini.parseOutput(`${init}\n${user}\n${refused}\n`).error?.kind, "Api");
    assert.equal(gemini.parseOutput(`${init}\n${attempt}\n${words}\n`).error?.kind, "NoResult");
  });

  test("a key that is not set is Authentication", () => {
    const { error } = gemini.parseOutput(
      "When using Gemini API, you must specify the GEMINI_API_KEY environment variable.\n",
    );
    assert.equal(error?.kind, "Authentication");
  });
});

describe("gemini's credential and address", () => {
  const gateway: EnvVar = { name: "GOOGLE_GEMINI_BASE_URL", value: "http://gateway:4000/gemini/v1beta/" };

  test("the key of the API that it is told to use", () => {
    assert.equal(gemini.tokenVariable({}, undefined), "GEMINI_API_KEY");
    assert.equal(gemini.tokenVariable({ GOOGLE_GENAI_USE_VERTEXAI: "true" }, undefined), "GOOGLE_API_KEY");
    assert.equal(settingsOf(setup({ env: [gateway] })).security.auth.selectedType, "gemini-api-key");
    const vertex = setup({ env: [{ name: "GOOGLE_GENAI_USE_VERTEXAI", value: "true" }] });
    assert.equal(settingsOf(vertex).security.auth.selectedType, "vertex-ai");
  });

  test("a base URL loses the version that gemini adds", () => {
    const corrected = { GOOGLE_GEMINI_BASE_URL: "http://gateway:4000/gemini" };
    assert.deepEqual(gemini.corrections(setup({ env: [gateway] })), corrected);
    for (const value of ["http://gateway:4000/gemini", "$(GATEWAY)/v1beta"]) {
      assert.deepEqual(gemini.corrections(setup({ env: [{ ...gateway, value }] })), {});
    }
  });

  test("behind a gateway side requests too ask for the model that was chosen", () => {
    const overrides = settingsOf(setup({ env: [gateway], model: "m" })).modelConfigs?.customOverrides;
    assert.deepEqual(
      [...new Set(overrides?.map(({ modelConfig }) => JSON.stringify(modelConfig)))],
      ['{"model":"m"}'],
    );
    assert.equal(settingsOf(setup({ model: "m" })).modelConfigs, undefined);
    assert.equal(settingsOf(setup({ env: [gateway] })).modelConfigs, undefined);
  });
});

describe("gemini's settings", () => {
  test("the limit of turns, and a checkout's variables only where it is trusted", () => {
    const settings = settingsOf(setup({ maxTurns: 7 }));
    assert.deepEqual(settings.model, { maxSessionTurns: 7 });
    assert.deepEqual(settings.advanced, { ignoreLocalEnv: true });
    assert.equal(settingsOf(setup({ trustRepositoryConfig: true })).advanced, undefined);
  });

  test("values of MCP servers arrive as they are, those of Secrets by their variable", () => {
    const { mcpServers } = settingsOf(
      setup({
        mcpServers: [
          {
            name: "remote",
            url: "http://tracker/mcp?a=$A",
            headers: { "X-Key": { variable: "AGENT_MCP_0_0" }, "X-Text": { text: "a$HOME" } },
          },
          { name: "local", command: "node", args: ["-e", "$0"], env: { B: { text: "$$" } } },
        ],
      }),
    );
    assert.deepEqual(mcpServers, {
      remote: {
        httpUrl: "http://tracker/mcp?a=${AGENT_NOTHING:-$}A",
        headers: { "X-Key": "${AGENT_QUOTED_AGENT_MCP_0_0}", "X-Text": "a${AGENT_NOTHING:-\\$}HOME" },
      },
      local: {
        command: "node",
        args: ["-e", "${AGENT_NOTHING:-$}0"],
        env: { B: "${AGENT_NOTHING:-\\$}${AGENT_NOTHING:-\\$}" },
      },
    });
  });
});
