import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startModelEndpoint, type RecordedRequest } from "../../src/demo/model-endpoint.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { describeAgent } from "./support/agent-behaviour.ts";
import { KEY, prepareAgentRun } from "./support/agent-run.ts";
import { startDeafProxy } from "./support/deaf-proxy.ts";
import { repository } from "./support/pod.ts";

describeAgent("gemini");

test("prompts that look like commands, @words and all instructions reach the model as they are", async () => {
  const prompt = "/help Ask a@b.com why @README and @Test() fail,\n@nobody  knows ";
  await using run = await prepareAgentRun({
    agent: "gemini",
    scenario: [{ actions: [{ tool: "read_file", input: { file_path: "below/x.txt" } }] }, { text: "ok" }],
    files: {
      "README.md": "# A repository\n",
      "src/Test.java": "class Test {}\n",
      "GEMINI.md": "For Gemini alone.\n",
      "AGENTS.md": "For any agent.\n",
      "below/GEMINI.md": "For what is below.\n",
      "below/x.txt": "x\n",
    },
    run: {
      prompt,
      systemPrompt: "Mark tests with @Test and @Slow.",
      instructions: { text: "Write to @team." },
    },
  });
  const { code, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  assert.equal(partsOf(run.model.requests[0]).at(-1)?.["text"], `\n${prompt}`);
  const said = JSON.stringify(run.model.requests.at(-1)?.body);
  for (const text of [
    "Mark tests with @Test and @Slow.",
    "Write to @team.",
    "For Gemini alone.",
    "For any agent.",
    "For what is below.",
  ]) {
    assert(said.includes(text), text);
  }
});

test("what is loaded into it is not loaded into the commands' own node, and ends with it", async () => {
  await using run = await prepareAgentRun({
    agent: "gemini",
    scenario: [
      { text: "Looking.", actions: [{ run: `node -p '"options: " + process.env.NODE_OPTIONS'` }] },
      { text: "Done." },
    ],
  });
  const { code, stdout, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /options: undefined/);
  const loaded = await run.pod.read("/home/agent/.gemini/baseline.cjs");
  // An unknown flag would be passed over in silence.
  const flags = loaded.match(/--[\w-]+/g) ?? [];
  const known = await runOk("node", ["--v8-options"]);
  assert.equal(flags.length, 3);
  for (const flag of flags) assert(known.includes(`  --${flag.replace(/^--(no-)?/, "")} (`), flag);
});

test("its limit of turns is obeyed", async () => {
  await using run = await prepareAgentRun({
    agent: "gemini",
    scenario: [{ actions: [{ run: "date >> dates.txt" }] }],
    run: { maxTurns: 2 },
  });
  const { code, stdout } = await run.pod.runAgent();
  assert.equal(code, 53);
  const { error, turns } = run.agent.parseOutput(stdout);
  assert.deepEqual([error?.kind, turns, run.model.requests.length], ["TurnLimit", 2, 2]);
});

test("a session that goes on has the answer of each tool once", async () => {
  await using run = await prepareAgentRun({
    agent: "gemini",
    scenario: [
      { actions: [{ run: "printf one" }, { run: "printf two" }] },
      { actions: [{ run: "[ -e crashed ] || { touch crashed; kill -KILL $PPID; }" }] },
      { text: "Done." },
    ],
    run: { keepSession: true },
  });
  const { sessionId = "" } = run.agent.parseOutput((await run.pod.runAgent()).stdout);
  const { code, stderr } = await (await run.again(sessionId)).runAgent();
  assert.equal(code, 0, stderr);
  const parts = partsOf(run.model.requests.at(-1));
  const idsOf = (kind: string) =>
    parts.flatMap((part) => (kind in part ? [JSON.stringify(Object(part[kind])["id"])] : []));
  assert.deepEqual(idsOf("functionResponse").toSorted(), idsOf("functionCall").toSorted());
  assert(idsOf("functionCall").length >= 2);
});

test("a trusted repository's configuration is used, and the run's own instructions stay", async () => {
  const hook = { hooks: [{ type: "command", command: "touch HOOKED" }] };
  await using run = await prepareAgentRun({
    agent: "gemini",
    scenario: [{ text: "ok" }],
    files: {
      ".gemini/settings.json": JSON.stringify({
        context: { fileName: "OWN.md" },
        hooks: { SessionStart: [hook] },
      }),
      "OWN.md": "As the repository says.\n",
    },
    run: { trustRepositoryConfig: true, systemPrompt: "As the run says." },
  });
  const { code, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  await access(run.pod.at("/workspace/HOOKED"));
  const body = JSON.stringify(run.model.requests[0]?.body);
  assert(body.includes("As the repository says.") && body.includes("As the run says."), body);
});

test("without a model it chooses one, by a side request to another", async () => {
  await using run = await prepareAgentRun({
    agent: "gemini",
    scenario: committingScenario(),
    run: { model: undefined },
  });
  const { code, stdout, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  const [side, first] = run.model.requests;
  assert.deepEqual([side?.main, first?.main], [false, true]);
  assert.match(first?.path ?? "", /\/models\/gemini-[^:]*:streamGenerateContent/);
  const { turns, tokens } = run.agent.parseOutput(stdout);
  assert.deepEqual([turns, tokens?.output], [3, 200]);
});

test("Vertex AI is asked where the run says so, with its key", async () => {
  const vertex = await startModelEndpoint({ scenario: [{ text: "ok" }] });
  try {
    await using run = await prepareAgentRun({
      agent: "gemini",
      scenario: [{ text: "Never." }],
      run: {
        env: [
          { name: "GOOGLE_GENAI_USE_VERTEXAI", value: "true" },
          { name: "GOOGLE_VERTEX_BASE_URL", value: `${vertex.url}/v1beta1` },
        ],
        provider: {
          name: "vertex",
          environment: {},
          cliArgs: [],
          token: { variable: "GOOGLE_API_KEY", secret: { name: "key", key: "key" } },
        },
      },
    });
    const { code, stderr } = await run.pod.runAgent();
    assert.equal(code, 0, stderr);
    const asked = vertex.requests.map(({ path, headers }) => [path, headers["x-goog-api-key"]]);
    const path = "/v1beta1/publishers/google/models/scripted-1:streamGenerateContent?alt=sse";
    assert.deepEqual(asked, [[path, KEY]]);
    assert.deepEqual(run.model.requests, []);
  } finally {
    await vertex.close();
  }
});

test("its tools can push where the run gives them the repository's credential", async () => {
  await using directory = await temporaryDirectory();
  const root = join(directory.path, "remote");
  const origin = await createGitRepository(join(root, "shared"));
  await origin.git("config", "http.receivepack", "true");
  const server = await startGitHttpServer({ root, user: "x-access-token", password: "tok3n" });
  try {
    const credentials = { name: "git", key: "token" };
    await using run = await prepareAgentRun({
      agent: "gemini",
      scenario: [{ actions: [{ run: "git push --quiet origin HEAD:refs/heads/pushed" }] }, { text: "ok" }],
      run: {
        repository: repository(`${server.url}/shared`, { credentials, exposeCredentialsToAgent: true }),
      },
      pod: { values: { "key/key": KEY, "git/token": "tok3n" } },
    });
    const { code, stdout, stderr } = await run.pod.runAgent();
    assert.equal(code, 0, stderr);
    assert.equal(await origin.has("pushed"), true, stdout);
  } finally {
    await server.close();
  }
});

test("it calls nobody but its model", async () => {
  using proxy = await startDeafProxy();
  await using run = await prepareAgentRun({
    agent: "gemini",
    scenario: [
      { actions: [{ run: "sleep 1; git ls-remote https://asked.example.com/by-a-tool.git" }] },
      { text: "ok" },
    ],
    env: [
      { name: "HTTPS_PROXY", value: proxy.url },
      { name: "NO_PROXY", value: "127.0.0.1" },
    ],
  });
  const { code, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  assert.deepEqual(proxy.asked, ["CONNECT asked.example.com:443 HTTP/1.1"]);
});

/** The parts of all contents of a request, in order. */
function partsOf(request: RecordedRequest | undefined): Record<string, unknown>[] {
  const contents = (request?.body["contents"] ?? []) as { parts: Record<string, unknown>[] }[];
  return contents.flatMap(({ parts }) => parts);
}
