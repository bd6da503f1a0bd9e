import { useEffect, useMemo, useState } from "preact/hooks";
import { colouredLines, pairsOf, plainLines, type DrawnLine } from "./diff-lines.ts";
import { languageOf } from "./language.ts";
import type { PatchLine } from "./patch.ts";

/** How a change is laid out. */
export type Layout = "inline" | "side by side";

/** The lines of a change, in the colours of the language once that is loaded. */
export function DiffTable({
  label,
  path,
  lines,
  layout = "inline",
}: {
  label: string;
  path: string;
  lines: readonly PatchLine[];
  layout?: Layout;
}) {
  const drawn = useColours(path, lines);
  const hasNumbers = lines.some(({ before, after }) => before !== undefined || after !== undefined);
  return (
    <div class="diff-box" tabIndex={0} role="group" aria-label={label}>
      <table class={layout === "inline" ? "diff" : "diff beside-each-other"}>
        {layout === "side by side" && (
          <colgroup>
            <col class="numbers" />
            <col />
            <col class="numbers" />
            <col />
          </colgroup>
        )}
        <tbody>
          {layout === "inline"
            ? drawn.map((line, index) => <InlineRow key={index} line={line} hasNumbers={hasNumbers} />)
            : pairsOf(drawn).map((pair, index) => <PairRow key={index} {...pair} />)}
        </tbody>
      </table>
    </div>
  );
}

function useColours(path: string, lines: readonly PatchLine[]): readonly DrawnLine[] {
  const plain = useMemo(() => plainLines(lines), [lines]);
  const [drawn, setDrawn] = useState<readonly DrawnLine[]>(plain);
  useEffect(() => {
    setDrawn(plain);
    const language = languageOf(path);
    let isCurrent = true;
    const colour = async (): Promise<void> => {
      if (language === undefined) return;
      // What reads languages is as large as half the page: it comes when it is first needed.
      const { tokensOf } = await import("./highlight.ts");
      if (isCurrent) setDrawn(colouredLines(plain, (text) => tokensOf(text, language)));
    };
    // Without colours everything is there to read.
    colour().catch(() => undefined);
    return () => void (isCurrent = false);
  }, [path, plain]);
  return drawn;
}

const SIGNS = { added: "+", removed: "−", same: " ", hunk: "", note: "" } as const;

function InlineRow({ line, hasNumbers }: { line: DrawnLine; hasNumbers: boolean }) {
  return (
    <tr class={`line-${line.kind}`}>
      {hasNumbers && <td class="number">{line.before}</td>}
      {hasNumbers && <td class="number">{line.after}</td>}
      <td class="sign">{SIGNS[line.kind]}</td>
      <Code line={line} ground="" />
    </tr>
  );
}

function PairRow({ left, right }: { left?: DrawnLine; right?: DrawnLine }) {
  if (left && (left.kind === "hunk" || left.kind === "note"))
    return (
      <tr class={`line-${left.kind}`}>
        <td class="number" />
        <Code line={left} ground="" span={3} />
      </tr>
    );
  return (
    <tr>
      <td class={`number ${groundOf(left)}`}>{left?.before}</td>
      <Code line={left} />
      <td class={`number ${groundOf(right)}`}>{right?.after}</td>
      <Code line={right} />
    </tr>
  );
}

function groundOf(line: DrawnLine | undefined): string {
  return line === undefined ? "line-none" : `line-${line.kind}`;
}

function Code({
  line,
  ground = groundOf(line),
  span = 1,
}: {
  line: DrawnLine | undefined;
  ground?: string;
  span?: number;
}) {
  return (
    <td class={`code ${ground}`} colSpan={span}>
      <bdi>
        {line?.tokens
          ? line.tokens.map(({ text, kind }, index) =>
              kind === "" ? (
                text
              ) : (
                <span key={index} class={kind}>
                  {text}
                </span>
              ),
            )
          : line?.text}
      </bdi>
    </td>
  );
}
