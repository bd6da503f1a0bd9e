import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { NAMED_AGENTS } from "../src/api/agent-types.ts";
import { agentOfType } from "../src/agents/registry.ts";
import { projectRoot } from "./support/project-files.ts";

/** How docs/guide/untrusted-repositories.md names the programs. */
const TITLES = { claude: "Claude Code", opencode: "OpenCode", codex: "Codex CLI", gemini: "Gemini CLI" };

test("the list of what a checkout cannot configure was made with the versions that are pinned", async () => {
  const page = await readFile(join(projectRoot, "docs/guide/untrusted-repositories.md"), "utf8");
  const { devDependencies } = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8"));
  for (const agent of NAMED_AGENTS) {
    const { npmPackage = "" } = agentOfType(agent).entrypoint;
    const [, name = "", installed = ""] = /^(.+)@(.+)$/.exec(npmPackage) ?? [];
    const listed = new RegExp(`made with[^]*?${TITLES[agent]} (\\S*\\d)`).exec(page)?.[1];
    const again = `${agent}: trace it again (test/tools/agent-reads.test.ts, npm run test:hostile), then the page`;
    assert.deepEqual([listed, installed], [devDependencies[name], devDependencies[name]], again);
  }
});

test("the list names all that is moved out of an agent's sight", async () => {
  const page = await readFile(join(projectRoot, "docs/guide/untrusted-repositories.md"), "utf8");
  for (const agent of NAMED_AGENTS) {
    const section = page.split("\n### ").find((part) => part.startsWith(TITLES[agent])) ?? "";
    const { hiddenPaths, ownInstructionFiles = [], instructionFiles } = agentOfType(agent).entrypoint;
    for (const name of [...hiddenPaths, ...ownInstructionFiles, ...instructionFiles]) {
      assert(section.includes(`\`${name}`), `${agent}: ${name}`);
    }
  }
});
