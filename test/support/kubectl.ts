import { locateTool } from "../../scripts/tools.ts";
import type { RunningProgram, RunOptions, RunResult } from "./run.ts";
import { run, runOk, start } from "./run.ts";

/** Longer than any `kubectl wait --timeout` in the tests, so that kubectl itself tells what it waited for. */
const TIMEOUT_MS = 90_000;

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
