import { SCRIPT_VARIABLE_FAMILIES, SCRIPT_VARIABLES } from "../../src/plan/specs/script-variables.ts";
import { type ScriptVariable } from "../../src/plan/specs/script-variable.ts";
import { CONTRACT } from "../../src/plan/specs/scripts.ts";
import { type Generator, NOTICE } from "./generator.ts";

function render(): string {
  const families = Object.entries(SCRIPT_VARIABLE_FAMILIES).map(
    ([prefix, row]) => [`${prefix}…`, row] as const,
  );
  return [
    `<!-- ${NOTICE} -->`,
    "",
    "# Variables of the scripts",
    "",
    "The operator gives values to the scripts of the git image by environment variables, or by words `NAME=value` in front of their command line, which the scripts export as variables. You need this page if you build your own git image, write an agent, or read a pod. The scripts are in [images/agent/scripts](../../images/agent/scripts/).",
    "",
    `This is contract ${CONTRACT}. A git image whose scripts have another number is refused with InvalidImage.`,
    "",
    "Containers: `git` are the init containers of a run, `workspace` those of a workspace's Job, `cleanup` removes a worktree, `artifacts` reads what a run has left, `agent` runs the agent.",
    "",
    "| Variable | Containers | Scripts | Meaning |",
    "|---|---|---|---|",
    ...[...Object.entries<ScriptVariable>(SCRIPT_VARIABLES), ...families].map(([name, row]) =>
      line(name, row),
    ),
    "",
  ].join("\n");
}

function line(name: string, { given, usedBy, meaning }: ScriptVariable): string {
  const containers = given.length === 0 ? "set by a script" : given.join(", ");
  const scripts = usedBy.length === 0 ? "none" : usedBy.map((file) => `\`${file}\``).join(", ");
  return `| \`${name}\` | ${containers} | ${scripts} | ${meaning} |`;
}

/** docs/reference/script-variables.md, from the table of the contract. */
export const scriptVariables: Generator = {
  files: () => Promise.resolve(new Map([["docs/reference/script-variables.md", render()]])),
};
