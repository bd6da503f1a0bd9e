import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A program of the benchmark's own, which ends with it. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  hasEnded(): boolean;
  /** The next line of standard output; rejects when the program ends without one. */
  nextLine(): Promise<string>;
  /** Asks it to end and waits; after 20 s it is killed. */
  stop(): Promise<void>;
}

const END_LIMIT_MS = 20_000;

/** Starts `node ARGS`. What it writes to standard error goes to this process's own. */
export function startNode(args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"], ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(kill, END_LIMIT_MS);
    await ended;
    clearTimeout(timer);
    process.off("exit", kill);
  };
  return {
    pid: child.pid ?? 0,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    nextLine: async () => {
      if (child.pid === undefined) await once(child, "spawn");
      const { done, value } = await lines.next();
      if (done === true) throw new Error(`node ${args.join(" ")} ended with ${child.exitCode}`);
      return String(value);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
