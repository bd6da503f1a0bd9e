import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

export interface RunOptions {
  cwd?: string;
  /** Replaces the whole environment. Default: this process's. */
  env?: NodeJS.ProcessEnv;
  input?: string;
  /** After this the whole process group is killed and the call rejects. Default: 30 s. */
  timeoutMs?: number;
}

export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A program that has been started and whose output can be awaited line by line; killed on disposal. */
export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  /** Everything written so far. */
  readonly output: { stdout: string; stderr: string };
  /** Resolves with the first match in standard output, from its beginning; rejects at exit or time-out. */
  waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** To the program itself, not to its group. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the program has ended and its output is complete. */
  readonly ended: Promise<RunResult>;
}

/** Runs a program to its end, whatever its exit code. Rejects on a time-out or when it cannot start. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return start(program, args, options).ended;
}

/** Runs a program and rejects, showing what it printed, unless it exits with 0. Resolves to its standard output. */
export async function runOk(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(program, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${commandLine(program, args)} ended with ${result.code ?? result.signal}\n${shown(result)}`,
    );
  }
  return result.stdout;
}

/** Starts a program in its own process group, which dies at the time-out or with this process. */
export function start(program: string, args: readonly string[], options: RunOptions = {}): RunningProgram {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (output.stderr += text));
  child.stdin.on("error", () => {}); // The program may end without reading its input.
  child.stdin.end(options.input ?? "");
  const ended = untilEnd(child, output, commandLine(program, args), timeoutMs);
  ended.catch(() => {}); // Seen by whoever awaits it; the program may also be awaited by its output only.
  return {
    pid: child.pid ?? -1,
    output,
    ended,
    kill: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended.catch(() => {});
    },
    waitForOutput: (pattern, limitMs = timeoutMs) => untilOutput(child, output, pattern, limitMs, ended),
  };
}

async function untilEnd(
  child: ChildProcess,
  output: { stdout: string; stderr: string },
  name: string,
  timeoutMs: number,
): Promise<RunResult> {
  const killGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is gone already.
    }
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup();
  }, timeoutMs);
  process.once("exit", killGroup);
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    const result = { code, signal, ...output };
    if (timedOut) throw new Error(`${name} did not end within ${timeoutMs} ms\n${shown(result)}`);
    return result;
  } finally {
    clearTimeout(timer);
    process.removeListener("exit", killGroup);
    killGroup();
  }
}

async function untilOutput(
  child: ChildProcess,
  output: { stdout: string; stderr: string },
  pattern: RegExp,
  timeoutMs: number,
  ended: Promise<RunResult>,
): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  const look = (): void => {
    const match = pattern.exec(output.stdout);
    if (match) resolve(match);
  };
  const missing = (why: string): void =>
    reject(new Error(`${why} before it printed ${pattern}\n${shown(output)}`));
  const timer = setTimeout(() => missing(`${timeoutMs} ms passed`), timeoutMs);
  child.stdout?.on("data", look);
  ended.then(
    () => missing("the program ended"),
    (error: unknown) => reject(error),
  );
  look();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.stdout?.off("data", look);
  }
}

function commandLine(program: string, args: readonly string[]): string {
  return [program, ...args].join(" ");
}

function shown({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return `--- stdout\n${stdout}\n--- stderr\n${stderr}`;
}
