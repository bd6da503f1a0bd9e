import { commands } from "../../src/cli/commands.ts";
import { renderCliReference } from "../../src/cli/help.ts";
import { type Generator, NOTICE } from "./generator.ts";

/** docs/reference/cli.md, from the commands as data. */
export const commandLine: Generator = {
  files: async () =>
    new Map([["docs/reference/cli.md", `<!-- ${NOTICE} -->\n\n${renderCliReference(commands)}`]]),
};
