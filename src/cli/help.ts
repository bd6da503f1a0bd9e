import { argumentName, argumentsIn, optionsIn } from "./command.ts";
import type { CommandDescription, CommandGroup } from "./command.ts";
import type { Program } from "./context.ts";

const WIDTH = 96;

/** The order of the headings in help. */
const GROUPS: readonly CommandGroup[] = ["Runs", "Without a cluster", "Operator", "Other"];

/** What `agent-operator --help` prints. */
export function renderProgramHelp(commands: readonly CommandDescription[], program: Program): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    "Runs AI coding agents (Claude Code, OpenCode, Codex, Gemini CLI) on Kubernetes as ordinary resources.",
    "",
    `Usage: ${program} COMMAND [OPTIONS]`,
    ...GROUPS.flatMap((group) => {
      const members = commands.filter((command) => command.group === group);
      const rows = members.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
      return members.length === 0 ? [] : ["", `${group}:`, ...rows];
    }),
    "",
    `${program} COMMAND --help shows a command's options.`,
    "",
  ].join("\n");
}

/** What `agent-operator COMMAND --help` prints. */
export function renderCommandHelp(command: CommandDescription, program: Program): string {
  const options = optionRows(command);
  const width = Math.max(...options.map((row) => row.left.length));
  const text = [
    ...command.description.flatMap((paragraph) => [...wrap(paragraph, WIDTH), ""]),
    `Usage: ${usage(command)}`,
    "",
    "Options:",
    ...options.flatMap(({ left, right }) =>
      wrap(right, WIDTH - width - 4).map((line, index) => `  ${(index ? "" : left).padEnd(width)}  ${line}`),
    ),
    ...(command.examples.length > 0 ? ["", "Examples:", ...command.examples.map((line) => `  ${line}`)] : []),
    "",
  ].join("\n");
  return text.replaceAll("agent-operator ", `${program} `);
}

/** The CLI reference in Markdown, for docs/reference. */
export function renderCliReference(commands: readonly CommandDescription[]): string {
  return [
    "# Command line",
    "",
    "`agent-operator COMMAND [OPTIONS]`. In a checkout: `npm run agent-operator -- COMMAND [OPTIONS]`.",
    "As a plugin of kubectl: `kubectl agent COMMAND [OPTIONS]`.",
    "An unknown option or a bad value ends with exit code 2 and says what was expected.",
    "",
    ...commands.flatMap((command) => [
      `## agent-operator ${command.name}`,
      "",
      ...(argumentsIn(command.options).length > 0 ? [`\`${usage(command)}\``, ""] : []),
      ...command.description.flatMap((paragraph) => [paragraph, ""]),
      "| Option | Meaning |",
      "| --- | --- |",
      ...optionRows(command).map(({ left, right }) => `| \`${left}\` | ${right.replaceAll("|", "\\|")} |`),
      "",
      ...(command.examples.length > 0 ? ["```sh", ...command.examples, "```", ""] : []),
    ]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

function usage({ name, options }: CommandDescription): string {
  const words = argumentsIn(options).map(([name, spec]) => {
    const word = argumentName(name, spec);
    return spec.type === "word" ? `[${word}] ` : `${word} `;
  });
  return `agent-operator ${name} ${words.join("")}[OPTIONS]`;
}

function optionRows({ options }: CommandDescription): { left: string; right: string }[] {
  return [
    ...argumentsIn(options).map(([name, spec]) => ({ left: argumentName(name, spec), right: spec.summary })),
    ...optionsIn(options).map(([name, spec]) => {
      const short = spec.short === undefined ? "" : `-${spec.short}, `;
      const value = spec.type === "boolean" ? "" : ` ${spec.choices?.join("|") ?? spec.value ?? "VALUE"}`;
      return { left: `${short}--${name}${value}`, right: `${spec.summary}${notes(spec)}` };
    }),
    { left: "--help", right: "Print this help" },
  ];
}

function notes(spec: CommandDescription["options"][string]): string {
  const parts = [
    ...(spec.default === undefined ? [] : [`default: ${spec.default}`]),
    ...(spec.type === "strings" ? ["repeatable"] : []),
  ];
  return parts.length > 0 ? ` (${parts.join("; ")})` : "";
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
