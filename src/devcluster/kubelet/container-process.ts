import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { constants } from "node:os";
import { createExec, type Exec } from "./container-exec.ts";
import type { ContainerLog } from "./container-log.ts";
import { childrenOf, startTicks } from "./process-table.ts";
import type { HostCommand, Sandbox } from "./sandbox/sandbox.ts";

/** Whether the container's command runs, or why it could not be started. */
export type StartResult = { started: true } | { started: false; message: string };

export interface ContainerProcess {
  readonly started: Promise<StartResult>;
  /** The exit code, 128+n after signal n. Resolves when all output is in the log. */
  readonly ended: Promise<number>;
  /** Asks the container's first process to stop. */
  terminate(): void;
  /** Ends everything in the container, or one process of it by its id on the host. */
  kill(pid?: number): void;
  /** Host process id of what made the container's namespaces; undefined if it could not be started. */
  readonly pid: number | undefined;
  /** Host process id of the container's first process, for measuring; undefined before it runs. */
  firstProcess(): number | undefined;
  readonly exec: Exec;
}

/** How long output may still come after the process itself has ended, held open by one that left it. */
const OUTPUT_GRACE_MS = 500;

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

function pipe(child: ChildProcess, log: ContainerLog): void {
  for (const name of ["stdout", "stderr"] as const) {
    const stream = child[name];
    stream?.on("data", (chunk: Buffer) => {
      if (log.write(name, chunk)) return;
      stream.pause();
      void log.drained().then(() => stream.resume());
    });
  }
}

function watchStart(child: ChildProcess): Promise<StartResult> {
  const { promise, resolve } = Promise.withResolvers<StartResult>();
  let report = "";
  child.stdio[3]?.on("data", (chunk: Buffer) => {
    report += chunk.toString();
    if (report === "started\n") resolve({ started: true });
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    if (said.length < 2000) said += chunk.toString();
  });
  child.once("error", (error) => resolve({ started: false, message: error.message }));
  child.once("close", () => {
    if (report.startsWith("failed "))
      resolve({ started: false, message: report.slice("failed ".length).trim() });
    else resolve({ started: false, message: said.trim() || "the container ended while it was set up" });
  });
  return promise;
}

function watchEnd(
  child: ChildProcess,
  log: ContainerLog,
  kill: () => void,
  wasKilled: () => boolean,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let code = 128;
  let late: NodeJS.Timeout | undefined;
  let finished = false;
  const finish = (): void => {
    clearTimeout(late);
    if (finished) return;
    finished = true;
    void log.end().then(() => resolve(code));
  };
  child.once("error", finish);
  child.once("exit", (exitCode, signal) => {
    // What was around a killed process may still have put its end into its own words.
    const by = wasKilled() ? "SIGKILL" : signal;
    code = by === null ? (exitCode ?? 128) : 128 + constants.signals[by];
    kill();
    late = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, OUTPUT_GRACE_MS);
  });
  child.once("close", finish);
  return promise;
}

/**
 * Starts a container, in which commands can be run beside its own if `hasExec`. `pidFile` gets the process id and its start time, so that a later cluster can end
 * what this one leaves behind when it is killed.
 */
export function startContainerProcess(
  sandbox: Sandbox,
  command: HostCommand,
  log: ContainerLog,
  pidFile: string,
  hasExec: boolean,
): ContainerProcess {
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: ["ignore", "pipe", "pipe", "pipe", ...(hasExec ? (["pipe", "pipe"] as const) : [])],
    detached: true,
  });
  const pid = child.pid;
  if (pid !== undefined) writeFileSync(pidFile, `${pid} ${startTicks(pid) ?? ""}\n`);
  const firstProcess = (): number | undefined =>
    pid === undefined || child.exitCode !== null || child.signalCode !== null
      ? undefined
      : sandbox.mode === "none"
        ? pid
        : childrenOf(pid)[0];
  let wasKilled = false;
  const kill = (one?: number): void => {
    if (pid === undefined) return;
    const first = firstProcess();
    if (one !== undefined && one !== first) {
      send(one, "SIGKILL");
      return;
    }
    wasKilled = true;
    // unshare first, or at least with it: one that outlives its child writes about that into the log.
    send(-pid, "SIGKILL");
    if (first !== undefined) send(first, "SIGKILL");
  };
  pipe(child, log);
  return {
    started: watchStart(child),
    ended: watchEnd(child, log, kill, () => wasKilled),
    pid,
    firstProcess,
    kill,
    exec: createExec(child),
    terminate() {
      const first = firstProcess();
      if (first !== undefined) send(first, "SIGTERM");
    },
  };
}
