import type { ReasonFacts } from "../reason-facts.ts";
import { REASONS } from "../reasons.ts";

/** The reference of every reason, as Markdown, in the order of an object's life. */
export function renderReasons(): string {
  const all: [string, ReasonFacts][] = Object.entries(REASONS);
  return [
    "# Reasons\n",
    "Each row explains a word of `status.reason` or of a condition's reason, and what to do. A final reason stays. Every other one ends when its cause ends. If a reason can be tried again, the same run may succeed when you create it again.\n",
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
