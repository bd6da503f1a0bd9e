import assert from "node:assert/strict";
import { stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { runOk } from "../support/run.ts";
import { startScriptedServer } from "../support/scripted-server.ts";
import { describeAgent } from "./support/agent-behaviour.ts";
import { prepareAgentRun } from "./support/agent-run.ts";

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
