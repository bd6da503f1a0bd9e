import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { ExecSession } from "../apiserver/pod-session.ts";
import type { HostCommand } from "./sandbox/sandbox.ts";

/** Starts a command that enters a container, as `Sandbox.enter` made it; it does not outlive the container. */
export function startSession(command: HostCommand, containerEnded: Promise<unknown>): ExecSession {
  const { file, args, env, cwd } = command;
  const child = spawn(file, args, { cwd, env, stdio: ["pipe", "pipe", "pipe", "pipe"] });
  const { stdin, stdout, stderr } = child;
  const { promise: ended, resolve } = Promise.withResolvers<number | string>();
  let report = "";
  child.stdio[3]?.on("data", (chunk: Buffer) => (report += chunk.toString()));
  child.once("error", (error) => resolve(error.message));
  child.once("close", (code, signal) => {
    if (report.startsWith("failed ")) resolve(report.slice("failed ".length).trim());
    else resolve(signal === null ? (code ?? 128) : 128 + constants.signals[signal]);
  });
  void containerEnded.then(() => child.kill("SIGKILL"));
  return { stdin, stdout, stderr, ended, kill: () => child.kill("SIGKILL") };
}
