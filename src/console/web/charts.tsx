import type { Figures } from "./figures.ts";
import { shortCount, shortMoney } from "./figures.ts";
import { shortDuration } from "./rows.ts";
import { Hostile } from "./text.tsx";

const [WIDTH, HEIGHT, GAP] = [280, 64, 3];

interface Measure {
  title: string;
  value: (figures: Figures) => number | undefined;
  say: (value: number) => string;
  /** The top of the scale; without it the largest value. */
  most?: number;
}

const MEASURES: readonly Measure[] = [
  { title: "Runs", value: ({ runs }) => runs, say: shortCount },
  {
    title: "Success",
    value: ({ success }) => success,
    say: (value) => `${Math.round(value * 100)} %`,
    most: 1,
  },
  { title: "Duration", value: ({ duration }) => duration, say: shortDuration },
  { title: "Tokens", value: ({ tokens }) => tokens, say: shortCount },
  { title: "Cost", value: ({ cost }) => cost, say: shortMoney },
];

/** A small chart for each measure, a bar for each day. */
export function DayCharts({ days }: { days: readonly Figures[] }) {
  return (
    <div class="charts">
      {MEASURES.map((measure) => (
        <DayChart key={measure.title} measure={measure} days={days} />
      ))}
    </div>
  );
}

function DayChart({
  measure: { title, value, say, most },
  days,
}: {
  measure: Measure;
  days: readonly Figures[];
}) {
  const values = days.map(value);
  const top = most ?? Math.max(...values.map((each) => each ?? 0));
  const step = WIDTH / days.length;
  const [first, last] = [days[0]?.name.slice(5), days.at(-1)?.name.slice(5)];
  const newest = values.findLast((each) => each !== undefined && each > 0);
  return (
    <figure class="chart-box">
      <figcaption>
        <strong>{title}</strong> <span class="muted">{top > 0 ? `up to ${say(top)}` : "none"}</span>
      </figcaption>
      <svg
        class="chart"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title} by day, ${first} to ${last}: ${newest === undefined ? "none" : `last ${say(newest)}`}`}
      >
        <line class="axis" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {values.map((each, index) => {
          if (each === undefined || top === 0 || each === 0) return null;
          const height = Math.max(2, (each / top) * (HEIGHT - 4));
          return (
            <rect
              key={index}
              class="bar"
              x={index * step + GAP / 2}
              y={HEIGHT - height}
              width={step - GAP}
              height={height}
            >
              <title>{`${days[index]?.name}: ${say(each)}`}</title>
            </rect>
          );
        })}
      </svg>
      <div class="axis-ends muted" aria-hidden="true">
        <span>{first}</span>
        <span>{last}</span>
      </div>
    </figure>
  );
}

/** What each agent, model or provider came to: figures with bars, so that they can be read and compared. */
export function FiguresTable({ title, figures }: { title: string; figures: readonly Figures[] }) {
  if (figures.length === 0) return null;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={`By ${title.toLowerCase()}`}>
      <table class="figures even">
        <caption class="unseen">Runs by {title.toLowerCase()}</caption>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            {MEASURES.map((measure) => (
              <th key={measure.title} scope="col" class="numeric">
                {measure.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {figures.map((each) => (
            <tr key={each.name}>
              <th scope="row">
                <Hostile text={each.name} />
              </th>
              {MEASURES.map((measure) => (
                <Cell key={measure.title} measure={measure} of={each} all={figures} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({
  measure: { value, say, most },
  of,
  all,
}: {
  measure: Measure;
  of: Figures;
  all: readonly Figures[];
}) {
  const own = value(of);
  const top = most ?? Math.max(...all.map((each) => value(each) ?? 0));
  return (
    <td class="numeric">
      {own === undefined ? <span class="muted">none</span> : say(own)}
      <div class="measure" aria-hidden="true">
        <div class="part" style={{ width: `${top === 0 || own === undefined ? 0 : (own / top) * 100}%` }} />
      </div>
    </td>
  );
}
