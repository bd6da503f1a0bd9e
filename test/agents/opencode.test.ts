import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { KNOWN } from "../../src/agents/opencode/models.generated.ts";
import { runOk } from "../support/run.ts";
import { startScriptedServer } from "../support/scripted-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { describeAgent } from "./support/agent-behaviour.ts";
import { KEY, prepareAgentRun } from "./support/agent-run.ts";

describeAgent("opencode");

test("killed outright, the entrypoint leaves the transcript so far and a checkout without deletions", async () => {
  await using run = await prepareAgentRun({
    agent: "opencode",
    scenario: [{ text: "Thinking aloud.", actions: [{ run: "true" }] }, { fault: "hang" }],
    files: { ".opencode/plugin/evil.js": "throw new Error('never');\n", "a.txt": "a\n" },
  });
  const program = run.pod.startAgent();
  await program.waitForOutput(/"type":"step_finish"/);
  process.kill(-program.pid, "SIGKILL");
  await program.ended.catch(() => {});
  assert((await run.pod.read("/workspace-run/transcript")).includes("Thinking aloud."));
  await assert.rejects(stat(run.pod.at("/workspace/.opencode/plugin")));
  const git = ["-c", "safe.directory=*", "-C", run.pod.at("/workspace")];
  assert.equal(await runOk("git", [...git, "status", "--porcelain", "--untracked-files=no"]), "");
  await writeFile(run.pod.at("/workspace/b.txt"), "b\n");
  await runOk("git", [...git, "add", "--all"]);
  assert.equal(await runOk("git", [...git, "diff", "--cached", "--name-status"]), "A\tb.txt\n");
});

test("asks no package registry for anything, and leaves its packages to the agent's own npm", async () => {
  await using registry = await startScriptedServer((_, response) => void response.writeHead(404).end());
  await using run = await prepareAgentRun({
    agent: "opencode",
    scenario: [
      {
        text: "Looking.",
        actions: [{ run: `npm view left-pad --no-update-notifier --registry "$npm_config_registry"; true` }],
      },
      { text: "Done." },
    ],
    env: [{ name: "npm_config_registry", value: registry.url }],
  });
  const { code, stderr } = await run.pod.runAgent();
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    registry.seen.map(({ path }) => path),
    ["/left-pad"],
  );
});

test("knows of its models what the list says that is built into it", async () => {
  await using directory = await temporaryDirectory();
  const list = `${directory.path}/models.json`;
  await writeFile(
    list,
    JSON.stringify(
      Object.fromEntries(
        Object.entries(KNOWN).map(([name, { provider, models }]) => [name, { ...provider, models }]),
      ),
    ),
  );
  const shown = async (environment: NodeJS.ProcessEnv): Promise<string[]> => {
    const output = `${directory.path}/output`;
    // It ends before all of a long output has gone into a pipe.
    await runOk("sh", ["-c", 'opencode models --verbose >"$1"', "sh", output], {
      env: {
        PATH: process.env["PATH"],
        HOME: directory.path,
        OPENCODE_DISABLE_MODELS_FETCH: "1",
        ANTHROPIC_API_KEY: KEY,
        OPENAI_API_KEY: KEY,
        ...environment,
      },
      timeoutMs: 90_000,
    });
    const models = (await readFile(output, "utf8")).split(/^(?=\S+\/\S+$)/m);
    return models.filter((model) => Object.hasOwn(KNOWN, model.slice(0, model.indexOf("/"))));
  };
  const builtIn = await shown({});
  assert(builtIn.length > 20, `${builtIn.length} models`);
  assert.deepEqual(await shown({ OPENCODE_MODELS_PATH: list }), builtIn);
});
