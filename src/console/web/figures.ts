import type { Row } from "./rows.ts";

const DAY_MS = 86_400_000;
/** So many days are counted, today among them. */
const DAYS = 14;

/** What some runs came to. */
export interface Figures {
  name: string;
  runs: number;
  succeeded: number;
  failed: number;
  /** Of those that have ended, 0 to 1; undefined if none has. */
  success: number | undefined;
  /** The median of those that have ended, in ms. */
  duration: number | undefined;
  tokens: number;
  cost: number;
}

/** Runs that share a reason. */
export interface Reason {
  reason: string;
  rows: readonly Row[];
}

export interface Overview {
  atWork: readonly Row[];
  /** With the most runs first. */
  waiting: readonly Reason[];
  failed: readonly Reason[];
  /** The last days, oldest first, by when the run was created; local days, as the clock on the wall has them. */
  days: readonly Figures[];
}

/** What the runs of a namespace come to at this time. */
export function overviewOf(rows: Iterable<Row>, now: number): Overview {
  const all = [...rows].toSorted((a, b) => b.created - a.created);
  const open = all.filter(({ isFinished }) => !isFinished);
  const isAtWork = ({ phase }: Row): boolean => phase === "Running" || phase === "Initializing";
  const failed = all.filter(
    ({ phase, isFinished, ended, created }) =>
      isFinished && phase !== "Succeeded" && now - (ended ?? created) < DAY_MS,
  );
  return {
    atWork: open.filter(isAtWork),
    waiting: byReason(open.filter((row) => !isAtWork(row))),
    failed: byReason(failed),
    days: byDay(all, now),
  };
}

function byReason(rows: readonly Row[]): Reason[] {
  return [...Map.groupBy(rows, ({ reason, phase }) => reason || phase)]
    .map(([reason, each]) => ({ reason, rows: each }))
    .toSorted((a, b) => b.rows.length - a.rows.length || a.reason.localeCompare(b.reason));
}

function byDay(rows: readonly Row[], now: number): Figures[] {
  const dayOf = (time: number): string => {
    const date = new Date(time);
    return Number.isNaN(time)
      ? ""
      : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  };
  const found = Map.groupBy(rows, ({ created }) => dayOf(created));
  // At noon, so that a day of 23 or 25 hours is no other one.
  const noon = new Date(now).setHours(12, 0, 0, 0);
  return Array.from({ length: DAYS }, (_, index) => {
    const day = dayOf(noon - (DAYS - 1 - index) * DAY_MS);
    return figuresOf(day, found.get(day) ?? []);
  });
}

function two(value: number): string {
  return `${value}`.padStart(2, "0");
}

/** What the runs of each agent, model or provider came to, with the most runs first. */
export function figuresBy(rows: Iterable<Row>, field: "agent" | "model" | "provider"): Figures[] {
  return [...Map.groupBy(rows, (row) => row[field])]
    .filter(([name]) => name !== "")
    .map(([name, each]) => figuresOf(name, each))
    .toSorted((a, b) => b.runs - a.runs || a.name.localeCompare(b.name));
}

export function figuresOf(name: string, rows: readonly Row[]): Figures {
  const ended = rows.filter(({ isFinished }) => isFinished);
  const succeeded = ended.filter(({ phase }) => phase === "Succeeded").length;
  const durations = ended
    .flatMap(({ started, ended: end }) => (started === undefined || end === undefined ? [] : [end - started]))
    .toSorted((a, b) => a - b);
  return {
    name,
    runs: rows.length,
    succeeded,
    failed: ended.length - succeeded,
    success: ended.length === 0 ? undefined : succeeded / ended.length,
    duration: durations[Math.floor(durations.length / 2)],
    tokens: rows.reduce((sum, { tokens }) => sum + tokens, 0),
    cost: rows.reduce((sum, { cost }) => sum + (Number(cost) || 0), 0),
  };
}

/** `1.2k`, `3.4M`: as short as it can be read. */
export function shortCount(count: number): string {
  if (count < 1000) return `${Math.round(count)}`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)}k`;
  return `${(count / 1_000_000).toFixed(count < 10_000_000 ? 1 : 0)}M`;
}

/** In dollars, with as many places as say something. */
export function shortMoney(cost: number): string {
  return cost === 0 ? "$0" : `$${cost.toFixed(cost < 1 ? 4 : 2)}`;
}
