/**
 * Text that an agent has written, fit to be shown by a forge under another one's name: it names no people and no issues,
 * runs no command of a forge, hides nothing, and is nothing but text. What would do something is replaced by a character
 * that looks alike and that no forge obeys.
 */

/** As many characters as anybody reads. */
const MAX_TEXT = 4000;
const MAX_LINE = 200;
const MAX_TITLE = 120;

/** One line, without Markdown. Empty if nothing can be seen of it. */
export function neutralTitle(text: string): string {
  const [line = ""] = visible(text)
    .split("\n")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const plain = disarmed(line)
    // GitLab and Gitea take these for the state of a draft.
    .replace(/^(?:[[(]?\s*(?:draft|wip)\s*[\])]?\s*[:-]?\s+)+/i, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[`<>]/g, (found) => LOOKS_ALIKE[found] ?? "");
  return cut(plain, MAX_TITLE).trim();
}

/** Lines of text, cut at so many characters. Empty if nothing can be seen of it. */
export function neutralText(text: string, most: number): string {
  const lines = visible(text)
    .split("\n")
    .flatMap((line) => wrapped(line.trimEnd()));
  return cut(
    disarmed(lines.join("\n"))
      .replaceAll(/\n{3,}/g, "\n\n")
      .trim(),
    most,
  );
}

/** A block of code, which every forge shows as it is. Empty if nothing can be seen of it. */
export function neutralBlock(text: string): string {
  const plain = neutralText(text, MAX_TEXT);
  if (plain === "") return "";
  const longest = Math.max(2, ...[...plain.matchAll(/`+|~+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${plain}\n${fence}`;
}

/** Without what nobody sees: controls, formats, fillers, and more blanks than anybody would look behind. */
function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?|[\u0085\p{Zl}\p{Zp}]/gu, "\n")
    .replaceAll(/\t/g, "    ")
    .replaceAll(/[\p{Zs}\u2800]/gu, " ")
    .replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replaceAll(/(\p{M}{4})\p{M}+/gu, "$1")
    .replaceAll(/(?<=\S) {16,}/g, " ");
}

const LOOKS_ALIKE: Readonly<Record<string, string>> = {
  "@": "\uFF20",
  "#": "\uFF03",
  "!": "\uFF01",
  "&": "\uFF06",
  $: "\uFF04",
  "%": "\uFF05",
  "~": "\u223C",
  "[": "\uFF3B",
  "-": "\u2011",
  "/": "\u2215",
  "`": "'",
  "<": "\u2039",
  ">": "\u203A",
};

/** What forges make links, mentions, references and commands of. */
const ARMED = [
  // People and groups, also in the middle of a word.
  /@/g,
  // Issues, merge requests, epics, snippets, milestones and labels, by number or by name.
  /[#!&$%~](?=["\w])/g,
  // Issues of another tracker, and GH-1.
  /(?<=[A-Za-z]\w*)-(?=\d)/g,
  // [issue:1], which GitLab knows.
  /\[(?=\w+:)/g,
  // Commands of GitLab.
  /(?<=^\s*)\/(?=\w)/gm,
  // HTML, comments too.
  /<(?=[!/?A-Za-z])/g,
];

function disarmed(text: string): string {
  const replaced = ARMED.reduce(
    (rest, pattern) => rest.replaceAll(pattern, (found) => LOOKS_ALIKE[found] ?? ""),
    text,
  );
  // A URL can stand for an issue.
  return replaced
    .replaceAll("://", ":\u2215\u2215")
    .replaceAll(/\bwww\./gi, (found) => `${found.slice(0, -1)}\u2024`);
}

function wrapped(line: string): string[] {
  const characters = [...line];
  const parts: string[] = [];
  for (let at = 0; at < characters.length || at === 0; at += MAX_LINE) {
    parts.push(characters.slice(at, at + MAX_LINE).join(""));
  }
  return parts;
}

function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most
    ? text
    : `${characters
        .slice(0, most - 1)
        .join("")
        .trimEnd()}…`;
}
