import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { installPackage, tryEveryCommand, tryRunLocally } from "../support/installed.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** The oldest line of Node that package.json names. */
const NODE_22 = "22.23.3";

/** It comes as an npm package, which fetches its binary; kept, because that is a minute's work. */
async function node22(): Promise<string> {
  const directory = join(projectRoot, "node_modules", ".cache", "agent-operator", `node-${NODE_22}`);
  await mkdir(directory, { recursive: true });
  const manifest = { private: true, dependencies: { node: NODE_22 }, allowScripts: { node: true } };
  await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
  await runOk("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], {
    cwd: directory,
    timeoutMs: 180_000,
  });
  return join(directory, "node_modules", "node", "bin", "node");
}

test("the npm package runs every command with Node 22", { timeout: 480_000 }, async () => {
  await using directory = await temporaryDirectory();
  const node = await node22();
  const installed = await installPackage(directory.path, node);
  await tryEveryCommand(installed, node);
  await tryRunLocally(installed, directory.path);
});
