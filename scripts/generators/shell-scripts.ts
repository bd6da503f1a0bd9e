import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Generator, NOTICE } from "./generator.ts";

const SOURCES = "src/plan/specs/scripts";
const TARGET = "src/plan/specs/scripts.generated.ts";

/** `git-clone.sh` -> `gitCloneSh` */
function constantName(file: string): string {
  return file.replaceAll(/[-.]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * A script without the lines that are nothing but a comment: a pod's manifest has no room for them.
 * The `#!` of a script within the script stays.
 */
export function withoutComments(script: string): string {
  const lines = script
    .split("\n")
    .filter((line, index) => !/^\s*#(?!!)/.test(line) && (index > 0 || !line.startsWith("#!")));
  return lines
    .join("\n")
    .replaceAll(/\n{2,}/g, "\n")
    .trimStart();
}

async function files(root: string): Promise<Map<string, string>> {
  const names = (await readdir(join(root, SOURCES))).filter((name) => name.endsWith(".sh")).sort();
  const constants = names.map(async (name) => {
    const script = withoutComments(await readFile(join(root, SOURCES, name), "utf8"));
    return `/** scripts/${name} without its comments. */\nexport const ${constantName(name)} = ${JSON.stringify(script)};\n`;
  });
  return new Map([[TARGET, [`// ${NOTICE}\n`, ...(await Promise.all(constants))].join("\n")]]);
}

/** The shell scripts of a run's pod as string constants, because `src/plan` reads no files. */
export const shellScripts: Generator = { files };
