import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { hashOf } from "./address.ts";
import { durationOf, shortDuration, type Row } from "./rows.ts";
import { Hostile, Phase, SafeLink, Verdict } from "./text.tsx";

/** As style.css has it: rows have one height, so that what is not seen needs no elements. */
const ROW_PX = 62;
/** Rows that are drawn above and below what is seen. */
const SPARE = 8;

const COLUMNS = [
  "Phase",
  "Run",
  "Agent",
  "Branch",
  "Age",
  "Duration",
  "Cost",
  "Verified",
  "Pull request",
] as const;

/** The rows, of which only those in view are drawn. `selected` is moved by the keyboard and has the focus. */
export function RunsTable({
  rows,
  withNamespace,
  selected,
  now,
}: {
  rows: readonly Row[];
  withNamespace: boolean;
  selected: number | undefined;
  now: number;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const look = (): void => {
    const { current } = box;
    if (current) setView({ top: current.scrollTop, height: current.clientHeight });
  };
  useLayoutEffect(() => {
    look();
    const observer = new ResizeObserver(look);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(view.top / ROW_PX) - SPARE);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_PX) + SPARE);
  // Before the next key comes: Enter opens what has the focus.
  useLayoutEffect(() => {
    const { current } = box;
    if (selected === undefined || current === null) return;
    const top = selected * ROW_PX;
    if (top < current.scrollTop) current.scrollTop = top;
    else if (top + 2 * ROW_PX > current.scrollTop + current.clientHeight)
      current.scrollTop = top + 2 * ROW_PX - current.clientHeight;
    look();
  }, [selected]);
  useLayoutEffect(() => {
    const row = selected === undefined ? undefined : rows[selected];
    if (row) box.current?.querySelector<HTMLAnchorElement>(`a[data-key="${CSS.escape(row.key)}"]`)?.focus();
  }, [selected, view]);
  return (
    <div class="table-box" ref={box} onScroll={look} tabIndex={-1}>
      <table aria-rowcount={rows.length + 1}>
        <caption class="unseen">Runs, newest first</caption>
        <thead>
          <tr aria-rowindex={1}>
            {COLUMNS.map((name) => (
              <th key={name} scope="col" class={`column-${name.toLowerCase().replace(" ", "-")}`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Space rows={first} />
          {rows.slice(first, last).map((row, index) => (
            <RunRow
              key={row.key}
              row={row}
              index={first + index}
              isSelected={selected === first + index}
              withNamespace={withNamespace}
              now={now}
            />
          ))}
          <Space rows={rows.length - last} />
        </tbody>
      </table>
    </div>
  );
}

function Space({ rows }: { rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden="true" class="space">
      <td style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  );
}

function RunRow({
  row,
  index,
  isSelected,
  withNamespace,
  now,
}: {
  row: Row;
  index: number;
  isSelected: boolean;
  withNamespace: boolean;
  now: number;
}) {
  const why = [row.reason, row.message].filter(Boolean).join(": ");
  // Of a run that is well, what it is for says more than that it is well.
  const told = row.phase === "Succeeded" || row.phase === "Running" ? row.task || why : why || row.task;
  return (
    <tr aria-rowindex={index + 2} class={isSelected ? "selected" : undefined}>
      <td class="column-phase">
        <Phase phase={row.phase} />
      </td>
      <td class="column-run">
        <a data-key={row.key} href={hashOf({ page: "run", namespace: row.namespace, name: row.name })}>
          {withNamespace ? row.key : row.name}
        </a>
        <div class="told" title={told}>
          <Hostile text={told} />
        </div>
      </td>
      <td class="column-agent">
        <div>{row.agent}</div>
        <div class="told">
          <Hostile text={[row.model, row.provider].filter(Boolean).join(" · ")} />
        </div>
      </td>
      <td class="column-branch" title={row.branch}>
        <Hostile text={row.branch} />
      </td>
      <td class="column-age">{shortDuration(now - row.created)}</td>
      <td class="column-duration">{durationOf(row, now)}</td>
      <td class="column-cost">{row.cost === "" ? "" : `$${shortCost(row.cost)}`}</td>
      <td class="column-verified">
        <Verdict verdict={row.verified} />
      </td>
      <td class="column-pull-request">
        {row.pullRequest && <SafeLink url={row.pullRequest.url} text={`#${row.pullRequest.number}`} />}
      </td>
    </tr>
  );
}

function shortCost(cost: string): string {
  const value = Number(cost);
  return Number.isFinite(value) ? value.toFixed(value < 1 ? 4 : 2) : cost;
}
