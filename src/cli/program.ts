import type { Command, OptionSpecs } from "./command.ts";
import { parseOptions, suggestion, UsageError } from "./command.ts";
import type { CommandContext, Program } from "./context.ts";
import { renderCommandHelp, renderProgramHelp } from "./help.ts";

type Commands = readonly Command<OptionSpecs, CommandContext>[];

/** Carries out one command line and resolves to the exit code: 2 for usage, 1 for a failure. */
export async function runProgram(
  commands: Commands,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { out, program } = context;
  try {
    return await dispatch(commands, argv, context);
  } catch (error) {
    const { describeError } = await import("./describe-error.ts");
    const why = describeError(error, context.config).replaceAll("`agent-operator ", `\`${program} `);
    const what = `${program}: ${why}`;
    if (error instanceof UsageError) {
      out.error(`${what}\n${hint(commands, argv, program)}`);
      return 2;
    }
    if (context.stop.signal.aborted) return context.stop.exitCode();
    out.error(what);
    return 1;
  }
}

async function dispatch(
  commands: Commands,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { out, program } = context;
  const [name, ...rest] = argv;
  if (name === undefined) {
    out.error(renderProgramHelp(commands, program).trimEnd());
    return 2;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    const [about] = rest;
    out.write(
      about === undefined
        ? renderProgramHelp(commands, program)
        : renderCommandHelp(named(commands, about), program),
    );
    return 0;
  }
  // What a shell asks, by the script that `completion` prints.
  if (name === "complete" && rest[0] === "--") {
    const { completions } = await import("./completions.ts");
    for (const { value, about } of await completions(commands, rest.slice(1), context))
      out.line(`${value}\t${about}`);
    return 0;
  }
  const command = named(commands, name === "--version" ? "version" : name);
  const end = rest.indexOf("--");
  const words = end === -1 ? rest : rest.slice(0, end);
  if (words.includes("--help") || words.includes("-h")) {
    out.write(renderCommandHelp(command, program));
    return 0;
  }
  return command.run(parseOptions(command.options, rest), context);
}

function named(commands: Commands, name: string): Command<OptionSpecs, CommandContext> {
  const command = commands.find((each) => each.name === name);
  if (command) return command;
  const names = commands.map((each) => each.name);
  const near = suggestion(name, names);
  throw new UsageError(`there is no command "${name}"${near || ` (there are ${names.join(", ")})`}`);
}

function hint(commands: Commands, argv: readonly string[], program: Program): string {
  const command = commands.find((each) => each.name === argv[0]);
  return `Try: ${program} ${command ? `${command.name} ` : ""}--help`;
}
