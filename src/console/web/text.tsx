import type { ComponentChildren } from "preact";
import { printable, printableLine } from "../../kube/printable.ts";

/** What others wrote, as a node of text: without marks that change the direction of writing, and never as HTML. */
export function Hostile({ text, lines = false }: { text: string | undefined; lines?: boolean }) {
  return <bdi>{lines ? printable(text ?? "") : printableLine(text ?? "")}</bdi>;
}

/** A link if it leads to http or https without a password in it, else text. */
export function SafeLink({ url, text = url }: { url: string; text?: string }) {
  const parsed = URL.parse(url);
  const isSafe =
    parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === "" && parsed.password === "";
  if (!isSafe) return <Hostile text={text} />;
  return (
    <a href={parsed.href} target="_blank" rel="noopener noreferrer nofollow">
      <Hostile text={text} />
    </a>
  );
}

/** A phase as a word with a mark whose shape differs too, for who sees no colours. */
export function Phase({ phase }: { phase: string }) {
  const mark = MARKS[phase] ?? "?";
  return (
    <span class={`phase phase-${phase.replaceAll(/[^A-Za-z]/g, "")}`}>
      <span class="mark" aria-hidden="true">
        {mark}
      </span>
      {phase}
    </span>
  );
}

const MARKS: Readonly<Record<string, string>> = {
  Pending: "○",
  Initializing: "◔",
  Running: "●",
  Succeeded: "✓",
  Ready: "✓",
  Failed: "✕",
  TimedOut: "◷",
};

/** What a verification has come to, as a word with a mark. */
export function Verdict({ verdict }: { verdict: string }) {
  if (verdict === "") return null;
  const [mark, colour] = { Passed: ["✓", "added"], Failed: ["✕", "removed"] }[verdict] ?? ["○", "muted"];
  return (
    <span class={colour}>
      <span aria-hidden="true">{mark}</span> {verdict}
    </span>
  );
}

/** A part of a page with its heading. */
export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  const id = `section-${title.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;
  return (
    <section aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Something that went wrong, or is not there, and what to do next. */
export function Notice({
  kind = "info",
  children,
}: {
  kind?: "info" | "error";
  children: ComponentChildren;
}) {
  return (
    <div class={`notice notice-${kind}`} role={kind === "error" ? "alert" : undefined}>
      {children}
    </div>
  );
}
