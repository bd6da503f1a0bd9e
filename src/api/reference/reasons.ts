import { type ReasonFacts, REASONS } from "../reasons.ts";

/** The reference of every reason, as Markdown, in the order of an object's life. */
export function renderReasons(): string {
  const all: [string, ReasonFacts][] = Object.entries(REASONS);
  return [
    "# Reasons\n",
    "What the words in `status.reason` and in the reasons of conditions mean, and what to do. A final reason stays; every other one ends by itself when its cause does. Where a reason can be tried again, the same run created anew may end otherwise.\n",
    "| Reason | Kinds | Phase | Final | Try again | Meaning | What to do |",
    "|---|---|---|---|---|---|---|",
    ...all.map(([reason, facts]) => row(reason, facts)),
    "",
  ].join("\n");
}

function row(reason: string, facts: ReasonFacts): string {
  const cells = [
    `\`${reason}\``,
    facts.kinds.join(", "),
    facts.phases.length === 0 ? "condition only" : facts.phases.join(", "),
    facts.terminal ? "yes" : "no",
    facts.retryable ? "yes" : "no",
    facts.meaning,
    facts.remedy === "" ? "Nothing." : facts.remedy,
  ];
  return `| ${cells.map(escape).join(" | ")} |`;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
