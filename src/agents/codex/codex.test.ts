import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { AgentArgument, AgentErrorKind, AgentSetup } from "../agent.ts";
import { codex } from "./codex.ts";

function sample(name: string): string {
  return readFileSync(new URL(`../../../test/fixtures/agents/${name}`, import.meta.url), "utf8");
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

/** What `-c` gives this key; undefined if it is left out. */
function setting(of: AgentSetup, key: string): AgentArgument | undefined {
  const args = codex.args(of);
  const settings = args.filter((_, index) => args[index - 1] === "-c");
  const value = (text: string) => text.slice(key.length + 1);
  for (const each of settings) {
    const text = typeof each === "string" ? each : each.expand;
    if (text.startsWith(`${key}=`)) return typeof each === "string" ? value(text) : { expand: value(text) };
  }
  return undefined;
}

const BASE_URL = "model_providers.endpoint.base_url";

describe("codex's output", () => {
  const success = {
    ok: true,
    turns: 3,
    tokens: { input: 3300, output: 150, cacheRead: 600, cacheWrite: 0 },
    text: "Done: HELLO.md was created and committed.",
  };

  test("a success has its session, turns, tokens and text", () => {
    const { sessionId, ...report } = codex.parseOutput(sample("codex-success.jsonl"));
    assert.deepEqual(report, success);
    assert.match(sessionId ?? "", /^[0-9a-f-]{36}$/);
  });

  test("what is repeated at the end of a long log changes nothing", () => {
    const output = sample("codex-success.jsonl");
    const repeated = output.split("\n").filter((line) => /^{"type":"(thread|turn)[.]/.test(line));
    assert.deepEqual(codex.parseOutput([output, ...repeated, ""].join("\n")), codex.parseOutput(output));
  });

  test("what sub-agents have used counts, their turns do not", () => {
    const { turns, tokens } = codex.parseOutput(sample("codex-sub-agents.jsonl"));
    assert.deepEqual([turns, tokens?.output], [3, 250]);
  });

  test("without usage lines there are the session's tokens, and no turns", () => {
    const output = sample("codex-success.jsonl").replaceAll(/^{"type":"usage".*\n/gm, "");
    const { turns, tokens } = codex.parseOutput(output);
    assert.deepEqual([turns, tokens], [undefined, success.tokens]);
  });

  const failures: [string, AgentErrorKind, number | undefined, RegExp][] = [
    ["codex-401.jsonl", "Authentication", 401, /^unexpected status 401 Unauthorized: invalid key/],
    ["codex-404.jsonl", "Model", 404, /no-such-model/],
    ["codex-400.jsonl", "Api", 400, /^The input is too long$/],
    ["codex-529.jsonl", "Overloaded", 529, /overloaded/],
    ["codex-down.jsonl", "Api", undefined, /Connection failed/],
    ["codex-killed.jsonl", "NoResult", undefined, /without completing its turn/],
  ];
  for (const [name, kind, status, message] of failures) {
    test(`${name} is ${kind}`, () => {
      const { ok, error } = codex.parseOutput(sample(name));
      assert.equal(ok, false);
      assert.equal(error?.kind, kind);
      assert.equal(error?.status, status);
      assert.match(error?.message ?? "", message);
    });
  }

  const words: [string, AgentErrorKind, number?][] = [
    ["exceeded retry limit, last status: 429 Too Many Requests", "RateLimited", 429],
    ["Missing environment variable: `OPENAI_API_KEY`.", "Authentication"],
    ["We’re currently experiencing high demand, which may cause temporary errors.", "Overloaded"],
    [
      '{"error":{"message":"no model x","type":"invalid_request_error","code":"model_not_found"}}',
      "Model",
      400,
    ],
    ["Incomplete response returned, reason: max_output_tokens", "Other"],
  ];
  for (const [message, kind, status] of words) {
    test(`"${message}" is ${kind}`, () => {
      const { error } = codex.parseOutput(JSON.stringify({ type: "turn.failed", error: { message } }));
      assert.deepEqual([error?.kind, error?.status], [kind, status]);
    });
  }

  test("a retry counts only while the model has not answered since", () => {
    const retry = '{"type":"error","message":"Reconnecting... 2/5 (unexpected status 503 Unavailable)"}';
    const answer = '{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"Hello"}}';
    assert.deepEqual(codex.parseOutput(retry).error, {
      kind: "Overloaded",
      status: 503,
      message: "unexpected status 503 Unavailable",
    });
    assert.equal(codex.parseOutput(`${retry}\n${answer}`).error?.kind, "NoResult");
    const notice =
      '{"type":"item.completed","item":{"id":"i","type":"error","message":"Model metadata not found"}}';
    assert.equal(codex.parseOutput(`${retry}\n${notice}`).error?.kind, "Overloaded");
  });

  test("nothing at all is NoResult", () => {
    assert.deepEqual(codex.parseOutput("\n").error?.kind, "NoResult");
  });
});

describe("codex's command line", () => {
  test("asks OpenAI, with a key that is only named", () => {
    const of = setup({ tokenVariable: "TEAM_KEY", model: "gpt-6" });
    assert.equal(setting(of, BASE_URL), '"https://api.openai.com/v1"');
    assert.equal(setting(of, "model_providers.endpoint.env_key"), '"TEAM_KEY"');
    assert.equal(setting(of, "model"), '"gpt-6"');
    assert.equal(setting(of, "web_search"), undefined);
  });

  test("takes a key from the run's own variable, and none where there is none", () => {
    const key = "model_providers.endpoint.env_key";
    assert.equal(setting(setup({ env: [{ name: "OPENAI_API_KEY", value: "x" }] }), key), '"OPENAI_API_KEY"');
    assert.equal(setting(setup(), key), undefined);
  });

  for (const url of ["http://gateway:4000", "http://gateway:4000/v1/"]) {
    test(`${url} is asked as /v1, without OpenAI's own search`, () => {
      const of = setup({ env: [{ name: "OPENAI_BASE_URL", value: url }] });
      assert.equal(setting(of, BASE_URL), '"http://gateway:4000/v1"');
      assert.equal(setting(of, "web_search"), '"disabled"');
    });
  }

  test("an address that only the pod knows is put in there", () => {
    const configMapKeyRef = { name: "gateway", key: "url" };
    for (const variable of [
      { name: "OPENAI_BASE_URL", valueFrom: { configMapKeyRef } },
      { name: "OPENAI_BASE_URL", value: "http://$(GATEWAY)/v1" },
    ])
      assert.deepEqual(setting(setup({ env: [variable] }), BASE_URL), { expand: '"$(OPENAI_BASE_URL)"' });
  });

  test("what a user adds comes last", () => {
    assert.deepEqual(codex.args(setup({ cliArgs: ["-c", "x=1"] })).slice(-2), ["-c", "x=1"]);
  });

  test("only a trusted repository's configuration and hooks are obeyed", () => {
    const flags = ["--trust", "--dangerously-bypass-hook-trust"];
    const given = (of: AgentSetup) => flags.filter((flag) => codex.args(of).includes(flag));
    assert.deepEqual(given(setup()), []);
    assert.deepEqual(given(setup({ trustRepositoryConfig: true })), flags);
  });

  test("values are TOML, whatever they hold", () => {
    const of = setup({ model: 'a"b\\c\n\u007f$' });
    assert.equal(setting(of, "model"), '"a\\"b\\\\c\\n\\u007f$"');
  });

  test("an MCP server's secrets come from variables; a program also gets the run's", () => {
    const of = setup({
      env: [{ name: "HTTPS_PROXY", value: "http://proxy" }],
      mcpServers: [
        { name: "far", url: "https://mcp.example.com", headers: { A: { text: "b" }, K: { variable: "V0" } } },
        { name: "near", command: "serve", args: ["-x"], env: { T: { variable: "V1" } } },
      ],
    });
    const servers = String(setting(of, "mcp_servers"));
    assert(servers.includes('"http_headers"={"A"="b"},"env_http_headers"={"K"="V0"}'), servers);
    assert(servers.includes('"sh","T","V1","serve","-x"]'), servers);
    assert(servers.includes('"env_vars"=["HTTPS_PROXY","V1"]'), servers);
  });
});

describe("codex's environment", () => {
  test("its databases stay in the pod where its directory is shared", () => {
    assert.deepEqual(codex.environment(setup()), {});
    assert.deepEqual(codex.environment(setup({ sharedMounts: ["/root/.codex"] })), {
      CODEX_SQLITE_HOME: "/tmp/codex",
    });
  });
});
