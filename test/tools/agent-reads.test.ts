import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { NAMED_AGENTS } from "../../src/api/agent-types.ts";
import type { NamedAgent } from "../agents/support/agent-facts.ts";
import { prepareAgentRun } from "../agents/support/agent-run.ts";
import { requireTool } from "../support/debian.ts";
import { projectRoot } from "../support/project-files.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PROGRAMS = join(projectRoot, "node_modules/.bin");

/** Every agent: git's and ripgrep's ignore files, and folders that tell what kind of checkout it is. */
const ANY = /(^|\/)(\.git|\.jj|\.gitignore|\.ignore|\.rgignore|\.gitattributes|\.mailmap|node_modules)(\/|$)/;

/** What each agent looks for in a checkout by itself: docs/guide/untrusted-repositories.md has the same. */
const LOOKED_FOR: Readonly<Record<NamedAgent, RegExp>> = {
  claude: /^(.*\/)?\.claude(\/.*)?$|^(HEAD|config|hooks|objects|refs)$/,
  opencode: /^(\.opencode|opencode\.jsonc?|\.claude|\.agents|HEAD)$/,
  codex: /^(\.codex|\.agents\/skills|\.lock)$/,
  gemini: /^(.*\/)?(GEMINI|AGENTS)\.md$|^(\.gemini\/.*|\.agents\/skills|\.env|\.geminiignore)$/,
};

/** What else it looks for in the folder of a worktree, which is its neighbours' too on a workspace. */
const BESIDE: Readonly<Record<NamedAgent, RegExp>> = {
  claude: /^$/,
  opencode: /^$/,
  codex: /^$/,
  gemini: /^(\.gemini\/\.env|\.env)$/,
};

const FILES = { "README.md": "# A repository\n", "package.json": "{}\n", "sub/deep/a.ts": "export {};\n" };

describe("what an agent looks for in a checkout by itself, from its system calls", () => {
  for (const agent of NAMED_AGENTS) {
    it(`${agent}: nothing but what is listed`, { timeout: 240_000 }, async () => {
      await requireTool("strace", "strace");
      await using directory = await temporaryDirectory();
      const log = join(directory.path, "log/trace");
      await mkdir(join(directory.path, "log"), { mode: 0o777 });
      await chmod(join(directory.path, "log"), 0o777);
      const path = await tracedBy(log, directory.path, agent);
      await using run = await prepareAgentRun({
        agent,
        files: FILES,
        run: { worktree: { branch: "work" } },
        scenario: [
          { actions: [{ run: "cat sub/deep/a.ts" }] },
          { actions: [{ write: { path: "sub/deep/b.ts", content: "export {};\n" } }] },
          { text: "Done." },
        ],
        pod: { path, timeoutMs: 200_000 },
      });
      const { code, stderr } = await run.pod.runAgent();
      assert.equal(code, 0, stderr);
      const trace = await readFile(log, "latin1");
      const beside = lookedAt(trace, run.pod.at("/workspace-wt"), agent);
      assert.deepEqual(
        beside.filter((file) => !(file.startsWith("fix-bug") || ANY.test(file) || BESIDE[agent].test(file))),
        [],
      );
      const looked = lookedAt(trace, run.pod.at("/workspace-wt/fix-bug"), agent);
      const known = (file: string): boolean =>
        ANY.test(file) ||
        LOOKED_FOR[agent].test(file) ||
        /^sub(\/deep(\/[ab]\.ts.*)?)?$/.test(file) ||
        file in FILES;
      assert.deepEqual(
        looked.filter((file) => !known(file)),
        [],
      );
      assert(
        looked.some((file) => LOOKED_FOR[agent].test(file)),
        "the trace is empty",
      );
    });
  }
});

/** A search path on which the agent's program runs under strace. */
async function tracedBy(log: string, directory: string, agent: NamedAgent): Promise<string> {
  const bin = join(directory, "bin");
  await mkdir(bin);
  const trace = `strace -f -qq -s 4096 -o ${log} -e trace=execve,%file`;
  await writeFile(join(bin, agent), `#!/bin/sh\nexec ${trace} ${PROGRAMS}/${agent} "$@"\n`, { mode: 0o755 });
  return `${bin}:${PROGRAMS}:/usr/bin:/bin`;
}

/** Paths below the checkout that the program itself has named, and no program that it started. */
function lookedAt(trace: string, checkout: string, agent: NamedAgent): string[] {
  const own = new Set([agent, `${agent}.exe`, "node", "exe", "env", undefined]);
  const programs = new Map<string, string>();
  const paths = new Set<string>();
  for (const line of trace.split("\n")) {
    const [, process = "", call = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const started = /^execve\("([^"]*)".*(= 0|unfinished \.\.\.>)$/.exec(call)?.[1];
    if (started !== undefined) programs.set(process, started.split("/").at(-1) ?? "");
    if (call.startsWith("execve") || !own.has(programs.get(process))) continue;
    const path = /"([^"]*)"/.exec(call)?.[1] ?? "";
    if (path.startsWith(`${checkout}/`)) paths.add(path.slice(checkout.length + 1).replace(/\/+$/, ""));
  }
  return [...paths].filter((path) => path !== "").toSorted();
}
