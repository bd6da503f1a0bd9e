import type { RunValues } from "./run-options.ts";
import type { Config } from "./config.ts";
import type { Output } from "./output.ts";
import type { Stop } from "./stop.ts";

/** What every command is given. */
export interface CommandContext {
  readonly config: Config;
  readonly out: Output;
  readonly stop: Stop;
  /** How the user calls this program: in help, errors and the commands that are named next. */
  readonly program: Program;
  /** Where the embedded cluster is there: what `run --local` does. */
  readonly local?: () => Promise<LocalRun>;
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean };
}

/** Carries out `run --local`. */
export type LocalRun = (values: RunValues, context: CommandContext) => Promise<number>;

export type Program = "agent-operator" | "kubectl agent";
