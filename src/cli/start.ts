import { constants, enableCompileCache } from "node:module";
import { basename, join } from "node:path";
import type { Command, OptionSpecs } from "./command.ts";
import { readConfig } from "./config.ts";
import type { CommandContext } from "./context.ts";
import { createOutput } from "./output.ts";
import { runProgram } from "./program.ts";
import { stopOnSignals } from "./stop.ts";

const FAILED_GRACE_MS = 1_000;

/** This process as the program with these commands; `packageRoot` holds config/, `local` is what `run --local` does. */
export async function startProgram(
  commands: readonly Command<OptionSpecs, CommandContext>[],
  packageRoot: string,
  local?: CommandContext["local"],
): Promise<void> {
  compileOnce(packageRoot);
  const config = readConfig(packageRoot);
  // A reader that went away (`… | head`) is no reason to die before the clean-up.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const name = basename(process.argv[1] ?? "");
  const argv = process.argv.slice(2);
  // kubectl asks a program of this name what can follow.
  const asked = name.startsWith("kubectl_complete-") ? ["complete", "--", ...argv] : argv;
  // Not by an import above: the help of a command loads nothing but the commands' own files.
  const { printable } = await import("../kube/printable.ts");
  process.exitCode = await runProgram(commands, asked, {
    config,
    out: createOutput(process.stdout, process.stderr, config, printable),
    stop: stopOnSignals(process),
    // kubectl starts a plugin by the name of its file.
    program: name.startsWith("kubectl") ? "kubectl agent" : "agent-operator",
    stdin: process.stdin,
    ...(local === undefined ? {} : { local }),
  });
  // As cobra has it, which kubectl reads: no files.
  if (asked !== argv) process.stdout.write(":4\n");
  // A request without an answer must not keep a program that has failed from being started again.
  if (process.exitCode !== 0) setTimeout(() => process.exit(), FAILED_GRACE_MS).unref();
}

/** What a command loads is stripped of its types and compiled once, not at each start. */
function compileOnce(packageRoot: string): void {
  // A temporary directory may be new each time, and is all that there is in an image.
  const { status } = enableCompileCache(join(packageRoot, "node_modules", ".cache", "agent-operator-code"));
  if (status === constants.compileCacheStatus.FAILED) enableCompileCache();
}
