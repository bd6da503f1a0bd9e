import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { EnvVar } from "../../kube/builtin.ts";
import type { AgentArgument, AgentSetup } from "../agent.ts";
import { KNOWN } from "./models.generated.ts";
import { opencode } from "./opencode.ts";

function sample(name: string): string {
  return readFileSync(new URL(`../../../test/fixtures/agents/${name}`, import.meta.url), "utf8");
}

function setup(env: readonly EnvVar[], model: string, changes: Partial<AgentSetup> = {}): AgentSetup {
  return {
    runName: "fix-bug",
    env,
    model,
    cliArgs: [],
    hasSystemPrompt: false,
    mcpServers: [],
    trustRepositoryConfig: false,
    sharedMounts: [],
    home: "/home/agent",
    isHomeNew: false,
    ...changes,
  };
}

function configOf(of: AgentSetup): unknown {
  return JSON.parse(opencode.environment(of)["OPENCODE_CONFIG_CONTENT"] ?? "");
}

function modelOf(of: AgentSetup): AgentArgument | undefined {
  const args = opencode.args(of);
  return args[args.indexOf("--model") + 1];
}

describe("opencode's output", () => {
  const success = {
    ok: true,
    sessionId: "ses_dfd62927effeaI6p9IdwHREtA0",
    turns: 3,
    tokens: { input: 4200, output: 150, cacheRead: 600, cacheWrite: 0 },
    costUSD: "0.02505",
    text: "Done: HELLO.md was created and committed.",
  };

  test("a success is the sum of its steps", () => {
    assert.deepEqual(opencode.parseOutput(sample("opencode-json-success.jsonl")), success);
  });

  test("steps that are repeated at the end of a long log count once", () => {
    const output = sample("opencode-json-success.jsonl");
    const steps = output.split("\n").filter((line) => line.startsWith('{"type":"step_finish"'));
    assert.deepEqual(opencode.parseOutput([output, ...steps, ""].join("\n")), success);
  });

  test("a refused key is Authentication", () => {
    const { ok, error } = opencode.parseOutput(sample("opencode-json-401.jsonl"));
    assert.equal(ok, false);
    assert.deepEqual(error, { kind: "Authentication", status: 401, message: "fake authentication_error" });
  });

  test("an end in the middle of its work is no success", () => {
    const lines = sample("opencode-json-success.jsonl").split("\n");
    const { ok, error } = opencode.parseOutput(lines.slice(0, 6).join("\n"));
    assert.equal(ok, false);
    assert.equal(error?.kind, "NoResult");
    assert.equal(opencode.parseOutput("").error?.kind, "NoResult");
  });

  test("the cost of a model without known prices is unknown, not zero", () => {
    const step =
      '{"type":"step_finish","sessionID":"s","part":{"id":"p","reason":"stop","tokens":{"input":1},"cost":0}}';
    assert(!("costUSD" in opencode.parseOutput(step)));
  });
});

describe("opencode's model and provider", () => {
  const gateway: EnvVar = { name: "OPENAI_BASE_URL", value: "http://gateway:4000" };
  const anthropic: EnvVar = { name: "ANTHROPIC_BASE_URL", value: "http://litellm-proxy:8317" };
  const cases: [string, readonly EnvVar[], string, string][] = [
    ["a gateway's model, whatever slashes it has", [gateway], "qwen/qwen3", "openai-compatible/qwen/qwen3"],
    ["a gateway's model named with openai's prefix", [gateway], "openai/gpt-5", "openai-compatible/gpt-5"],
    ["an Anthropic gateway's model", [anthropic], "gemini-3-flash", "anthropic/gemini-3-flash"],
    ["both gateways and anthropic/", [gateway, anthropic], "anthropic/claude-x", "anthropic/claude-x"],
    ["opencode's own provider", [], "openai/gpt-5", "openai/gpt-5"],
    ["a bare model", [], "claude-sonnet-5", "anthropic/claude-sonnet-5"],
  ];
  for (const [name, env, model, expected] of cases) {
    test(name, () => assert.equal(modelOf(setup(env, model)), expected));
  }

  test("the configuration names the credential's variable and the URL with /v1", () => {
    assert.deepEqual(configOf(setup([gateway], "m", { tokenVariable: "MY_KEY" })), {
      model: "openai-compatible/m",
      small_model: "openai-compatible/m",
      autoupdate: false,
      share: "disabled",
      snapshot: false,
      permission: { "*": "allow" },
      provider: {
        "openai-compatible": {
          npm: "@ai-sdk/openai-compatible",
          name: "OpenAI-compatible",
          options: { apiKey: "{env:AGENT_QUOTED_MY_KEY}", baseURL: "http://gateway:4000/v1" },
          models: { m: {} },
        },
      },
      instructions: ["{env:AGENT_INSTRUCTIONS}"],
      formatter: false,
      lsp: false,
    });
  });

  test("no text of a user's is taken for a reference", () => {
    const headers = {
      "X-Text": { text: 'a{env:HOME}"\\{file:/etc/passwd}' },
      "X-Key": { variable: "AGENT_MCP_0_0" },
    };
    const mcpServers = [{ name: "s", url: "http://s", headers }];
    const of = setup([gateway], "m", { mcpServers });
    const text = opencode.environment(of)["OPENCODE_CONFIG_CONTENT"] ?? "";
    assert.deepEqual(text.match(/[{](env|file):[^}]*[}]/g), [
      "{env:AGENT_QUOTED_OPENAI_API_KEY}",
      "{env:AGENT_INSTRUCTIONS}",
      "{env:AGENT_QUOTED_AGENT_MCP_0_0}",
    ]);
    assert.equal(JSON.parse(text).mcp.s.headers["X-Text"], headers["X-Text"].text);
    assert.deepEqual(opencode.quotedVariables?.(of), ["OPENAI_API_KEY", "AGENT_MCP_0_0"]);
  });

  test("the credential's default variable is the one that the configuration reads", () => {
    assert.equal(opencode.tokenVariable({ OPENAI_BASE_URL: "http://x" }, "m"), "OPENAI_API_KEY");
    assert.equal(opencode.tokenVariable({}, "openrouter/m"), "OPENROUTER_API_KEY");
    assert.equal(opencode.tokenVariable({}, "claude-sonnet-5"), "ANTHROPIC_API_KEY");
  });

  test("a URL that is known only in the container is read there", () => {
    const env = [{ name: "OPENAI_BASE_URL", value: "$(GATEWAY)/v1" }];
    assert.match(
      JSON.stringify(configOf(setup(env, "m"))),
      /"baseURL":"\{env:AGENT_QUOTED_OPENAI_BASE_URL\}"/,
    );
  });

  test("it asks for a model, the run's first, the provider's environment last", () => {
    const environment = { ANTHROPIC_DEFAULT_SONNET_MODEL: "sonnet-like" };
    assert.equal(opencode.chooseModel({ provider: "p", config: "c", environment }), "p");
    assert.equal(opencode.chooseModel({ environment }), "sonnet-like");
    assert.equal(opencode.chooseModel({ environment: {} }), undefined);
    assert.equal(opencode.requiresModel, true);
  });

  test("a shared /root/.opencode is its configuration directory", () => {
    const of = setup([gateway], "m", { sharedMounts: ["/root/.claude", "/root/.opencode"] });
    assert.equal(opencode.environment(of)["OPENCODE_CONFIG_DIR"], "/root/.opencode");
    assert.equal(opencode.environment(of)["OPENCODE_DISABLE_PROJECT_CONFIG"], "1");
  });
});

describe("opencode's list of models", () => {
  const anthropic = setup([], "anthropic/claude-sonnet-4-5", { isHomeNew: true });
  const path = "/home/agent/.config/opencode/models.json";

  function listOf(of: AgentSetup): unknown {
    const text = opencode.files?.(of)[".config/opencode/models.json"];
    assert.equal(opencode.environment(of)["OPENCODE_MODELS_PATH"], text === undefined ? undefined : path);
    return text === undefined ? undefined : JSON.parse(text);
  }

  test("has the run's own model and no other", () => {
    assert.deepEqual(listOf(anthropic), {
      anthropic: {
        ...KNOWN["anthropic"]?.provider,
        models: { "claude-sonnet-4-5": KNOWN["anthropic"]?.models["claude-sonnet-4-5"] },
      },
    });
  });

  test("is empty for a gateway, whose models are in the configuration", () => {
    const env = [{ name: "OPENAI_BASE_URL", value: "https://gateway.example.com" }];
    assert.deepEqual(listOf({ ...anthropic, env, model: "some/model" }), {});
  });

  for (const [what, changes] of [
    ["a model that is newer", { model: "anthropic/claude-sonnet-99" }],
    ["a provider that is not known", { model: "mistral/large" }],
    ["names of JavaScript's own", { model: "constructor/constructor" }],
    ["a checkout that is trusted", { trustRepositoryConfig: true }],
    ["arguments of the user's", { cliArgs: ["--agent", "reviewer"] }],
    ["configuration of the user's", { env: [{ name: "OPENCODE_CONFIG", value: "/config/opencode.json" }] }],
    ["a home directory that may hold configuration", { isHomeNew: false }],
    ["another place of configuration", { env: [{ name: "XDG_CONFIG_HOME", value: "/config" }] }],
  ] as const) {
    test(`is opencode's own with ${what}`, () => {
      assert.equal(listOf({ ...anthropic, ...changes }), undefined);
    });
  }
});
