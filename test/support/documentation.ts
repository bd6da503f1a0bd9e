import type { Command, OptionSpecs } from "../../src/cli/command.ts";
import { parseOptions } from "../../src/cli/command.ts";

/** A page of the documentation. */
export interface Page {
  /** From the root of the project, with `/`. */
  path: string;
  text: string;
}

export interface DocumentedProgram {
  /** `scripts` of package.json. */
  scripts: Readonly<Record<string, string>>;
  commands: readonly Command<OptionSpecs, never>[];
}

/** What a link can lead to: the text of a page, another file, or nothing. */
export type Found = string | true | undefined;

/** Links of this page that lead nowhere: files that `find` does not know, headings that are not there, no URLs. */
export function findBrokenLinks(page: Page, find: (path: string) => Found): string[] {
  return linksOf(page.text)
    .filter((target) => (isOutside(target) ? !URL.canParse(target) : !leadsSomewhere(page, target, find)))
    .map((target) => `${page.path}: ${target} leads nowhere`);
}

/** Addresses on other hosts that these pages name, each once. */
export function outsideLinks(pages: readonly Page[]): string[] {
  return [...new Set(pages.flatMap(({ text }) => linksOf(text).filter(isOutside)))].toSorted();
}

function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
}

function isOutside(target: string): boolean {
  return /^[a-z]+:/.test(target);
}

/** Commands in shell blocks of this page that the program would refuse. */
export function findUnknownCommands(page: Page, program: DocumentedProgram): string[] {
  return shellLines(page.text).flatMap((line) => {
    const words = wordsOf(line);
    const complaint = complaintAbout(words, program);
    return complaint === undefined ? [] : [`${page.path}: ${line}: ${complaint}`];
  });
}

/** The lines of ```sh and ```console blocks that someone would type, continued lines joined. */
export function shellLines(text: string): string[] {
  return [...text.matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)].flatMap((match) =>
    (match[1] ?? "")
      .replaceAll("\\\n", " ")
      .split("\n")
      .flatMap((line) => line.replace(/^\$ /, "").split(/ (?:&&|\|) /))
      .filter((line) => line.trim() !== "" && !line.startsWith("#")),
  );
}

function leadsSomewhere(page: Page, target: string, find: (path: string) => Found): boolean {
  const [file = "", heading] = target.split("#");
  const found = file === "" ? page.text : find(resolved(page.path, file));
  if (found === undefined || heading === undefined) return found !== undefined;
  return typeof found === "string" && headingsOf(found).includes(heading);
}

/** A path beside a page, from the root of the project. */
function resolved(from: string, file: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of file.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/** As GitHub makes them: lower case, words joined by `-`. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

function complaintAbout(words: string[], program: DocumentedProgram): string | undefined {
  const plain = words.filter((word) => !/^[A-Z_]+=/.test(word));
  if (plain[0] === "npm" && (plain[1] === "run" || plain[1] === "test")) {
    const script = plain[1] === "test" ? "test" : (plain[2] ?? "");
    const content = program.scripts[script];
    if (content === undefined) return `package.json has no script "${script}"`;
    const separator = plain.indexOf("--");
    const args = separator === -1 ? [] : plain.slice(separator + 1);
    const started = /^node src\/cli\/from-checkout\.js ?(.*)$/.exec(content)?.[1];
    return started === undefined ? undefined : refusal([...wordsOf(started), ...args], program);
  }
  return plain[0] === "agent-operator" ? refusal(plain.slice(1), program) : undefined;
}

function refusal([name, ...args]: string[], program: DocumentedProgram): string | undefined {
  if (name === "--help" || name === "COMMAND") return undefined;
  const command = program.commands.find((each) => each.name === name);
  if (command === undefined) return `there is no command "${name}"`;
  if (args.includes("--help")) return undefined;
  try {
    parseOptions(command.options, args);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Words of a shell line; quotes are understood, a comment at its end is not part of it. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map((match) => match[0]);
  const comment = words.findIndex((word) => word.startsWith("#"));
  return (comment === -1 ? words : words.slice(0, comment)).map((word) => word.replaceAll(/["']/g, ""));
}

/** A fenced block of a page. */
export interface Block {
  language: string;
  text: string;
}

/** The fenced blocks of this page, in order, also those of lists. */
export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map(
    ([, indent = "", language = "", body = ""]) => ({
      language,
      text: body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
}

/** The commands of a shell block, continued lines joined, without their comments. */
export function commandsOf(block: string): string[] {
  return block
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.replace(/(?:^|\s+)#.*$/, "").trim())
    .filter((line) => line !== "");
}
