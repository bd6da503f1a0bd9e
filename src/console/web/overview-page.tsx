import { useMemo } from "preact/hooks";
import { REASONS } from "../../api/reasons.ts";
import { hashOf, NO_FILTER } from "./address.ts";
import { DayCharts, FiguresTable } from "./charts.tsx";
import { figuresBy, overviewOf, type Reason } from "./figures.ts";
import { durationOf, shortDuration, type Row } from "./rows.ts";
import { Hostile, Phase, Section } from "./text.tsx";
import { useNow, useRuns } from "./use-runs.ts";
import { Empty, namespaceIn, ViewPage, type ViewProps } from "./view.tsx";

/** More of a list are counted, not shown. */
const MOST_SHOWN = 8;

/** What is going on: at work, waiting and why, failed and why, and what the last days came to. */
export function OverviewPage({ place, session }: ViewProps) {
  const namespace = namespaceIn(place, session);
  const live = useRuns(namespace);
  const now = useNow(10_000);
  const { atWork, waiting, failed, days } = useMemo(() => overviewOf(live.value.values(), now), [live, now]);
  const by = useMemo(
    () =>
      (["agent", "model", "provider"] as const).map((field) => ({
        field,
        figures: figuresBy(live.value.values(), field),
      })),
    [live],
  );
  return (
    <ViewPage place={place} session={session} lives={[live]}>
      {live.value.size === 0 ? (
        <Empty>
          <p>There is no run yet, so there is nothing to sum up.</p>
          <pre>
            <code>{`agent-operator run${namespace === undefined ? "" : ` -n ${namespace}`} "Fix the failing test"`}</code>
          </pre>
        </Empty>
      ) : (
        <>
          <div class="three">
            <Section title={`At work: ${atWork.length}`}>
              <RunList rows={atWork} now={now} empty="No agent is at work." />
            </Section>
            <Section title={`Waiting: ${count(waiting)}`}>
              <Reasons reasons={waiting} now={now} empty="Nothing waits." namespace={place.namespace} />
            </Section>
            <Section title={`Failed in the last day: ${count(failed)}`}>
              <Reasons reasons={failed} now={now} empty="Nothing has failed." namespace={place.namespace} />
            </Section>
          </div>
          <Section title="The last 14 days">
            <DayCharts days={days} />
            <p class="muted">
              By the day on which a run was created. Runs that were deleted are not counted.
            </p>
          </Section>
          <Section title="All runs that are kept">
            {by.map(({ field, figures }) => (
              <FiguresTable
                key={field}
                title={`${field[0]?.toUpperCase()}${field.slice(1)}`}
                figures={figures}
              />
            ))}
          </Section>
        </>
      )}
    </ViewPage>
  );
}

function count(reasons: readonly Reason[]): number {
  return reasons.reduce((sum, { rows }) => sum + rows.length, 0);
}

function Reasons({
  reasons,
  now,
  empty,
  namespace,
}: {
  reasons: readonly Reason[];
  now: number;
  empty: string;
  namespace: string;
}) {
  if (reasons.length === 0) return <p class="muted">{empty}</p>;
  return (
    <ul class="plain">
      {reasons.map(({ reason, rows }) => (
        <li key={reason}>
          <details>
            <summary>
              <strong>
                <Hostile text={reason} />
              </strong>{" "}
              <span class="muted">{rows.length}</span>
            </summary>
            <p class="muted">
              <Hostile text={remedyOf(reason) || rows[0]?.message} />
            </p>
            <RunList rows={rows} now={now} empty="" />
            {rows.length > MOST_SHOWN && (
              <a href={hashOf({ page: "runs", namespace, filter: { ...NO_FILTER, text: reason } })}>
                See them all
              </a>
            )}
          </details>
        </li>
      ))}
    </ul>
  );
}

function remedyOf(reason: string): string {
  return Object.entries(REASONS).find(([name]) => name === reason)?.[1].remedy ?? "";
}

/** Some runs, in few words each. */
export function RunList({ rows, now, empty }: { rows: readonly Row[]; now: number; empty: string }) {
  if (rows.length === 0) return empty === "" ? null : <p class="muted">{empty}</p>;
  return (
    <ul class="plain">
      {rows.slice(0, MOST_SHOWN).map((row) => (
        <li key={row.key} class="run-line">
          <Phase phase={row.phase} />
          <a href={hashOf({ page: "run", namespace: row.namespace, name: row.name })}>{row.name}</a>
          <span class="muted">{durationOf(row, now) || shortDuration(now - row.created)}</span>
        </li>
      ))}
      {rows.length > MOST_SHOWN && <li class="muted">and {rows.length - MOST_SHOWN} more</li>}
    </ul>
  );
}
