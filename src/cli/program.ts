import type { Command, OptionSpecs } from "./command.ts";
import { parseOptions, UsageError } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { renderCommandHelp, renderProgramHelp } from "./help.ts";

type Commands = readonly Command<OptionSpecs, CommandContext>[];

/** Carries out one command line and resolves to the exit code: 2 for usage, 1 for a failure. */
export async function runProgram(
  commands: Commands,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { out } = context;
  try {
    return await dispatch(commands, argv, context);
  } catch (error) {
    if (error instanceof UsageError) {
      out.error(`agent-operator: ${error.message}\n${hint(commands, argv)}`);
      return 2;
    }
    if (context.stop.signal.aborted) return context.stop.exitCode();
    out.error(`agent-operator: ${describe(error)}`);
    return 1;
  }
}

async function dispatch(
  commands: Commands,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const text = renderProgramHelp(commands);
    if (name === undefined) {
      context.out.error(text.trimEnd());
      return 2;
    }
    context.out.write(text);
    return 0;
  }
  const command = named(commands, name === "--version" ? "version" : name);
  if (rest.includes("--help") || rest.includes("-h")) {
    context.out.write(renderCommandHelp(command));
    return 0;
  }
  return command.run(parseOptions(command.options, rest), context);
}

function named(commands: Commands, name: string): Command<OptionSpecs, CommandContext> {
  const command = commands.find((each) => each.name === name);
  if (command) return command;
  const names = commands.map((each) => each.name).join(", ");
  throw new UsageError(`there is no command "${name}" (there are ${names})`);
}

function hint(commands: Commands, argv: readonly string[]): string {
  const command = commands.find((each) => each.name === argv[0]);
  return `Try: agent-operator ${command ? `${command.name} ` : ""}--help`;
}

/** What went wrong; with the stack where it is a mistake in this program rather than in its surroundings. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOurs = [TypeError, ReferenceError, RangeError, SyntaxError].some((type) => error instanceof type);
  return isOurs ? (error.stack ?? error.message) : error.message;
}
