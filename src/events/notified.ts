import type { AgentNotifier } from "../api/agent-notifier.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { timeOf } from "../kube/time.ts";
import {
  type DueEvent,
  dueOf,
  type NotifierRule,
  OVER,
  ruleOf,
  type Settled,
} from "../plan/agent-notifier/due.ts";
import type { SentRecord } from "./sent.ts";
import type { SinkFailure } from "./sink.ts";

/** What is known of one notifier while this process leads. */
export interface Notified {
  readonly uid: string | undefined;
  readonly record: SentRecord;
  /** Uids of runs whose entries are not written yet. */
  readonly unwritten: Set<string>;
  /** Runs that are deleted, of which something is due. */
  readonly gone: Map<string, AgentRun>;
  /** Events that the sink refuses, by run. */
  readonly refused: Map<string, Pause & { why: SinkFailure }>;
  /** Of the sink itself. */
  pause?: Pause | undefined;
  problem?: SinkFailure | undefined;
  /** The generation that pauses are about. */
  generation: number | undefined;
  pending: number;
  tidiedAt: number;
}

/** After failures. */
interface Pause {
  failures: number;
  /** Milliseconds since the epoch. */
  until: number;
}

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5 * 60_000;
/** An event that the sink itself does not want is dropped after so long. */
export const DROPPED_AFTER_MS = 24 * 3_600_000;
const TIDY_MS = 600_000;
const MAX_GONE = 1_000;
/** A ConfigMap has room for some more. */
const MAX_SETTLED = 20_000;

export function longerPause(before: Pause | undefined, now: number, atLeastMs = 0): Pause {
  const failures = (before?.failures ?? 0) + 1;
  const ms = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20), MAX_PAUSE_MS);
  return { failures, until: now + Math.max(atLeastMs, ms * (0.75 + Math.random() / 2)) };
}

/** What is due, the oldest first. Runs that have ended and concern nobody are settled. */
export function survey(notifier: AgentNotifier, state: Notified, runs: Iterable<AgentRun>): DueEvent[] {
  const rule = ruleIn(notifier, state.record);
  const due: DueEvent[] = [];
  for (const run of [...runs, ...state.gone.values()]) {
    const uid = run.metadata.uid ?? "";
    const found = dueOf(run, rule, state.record.settled.get(uid));
    if (found === "over") settle(state, uid, OVER);
    else if (found) due.push(found);
    if (typeof found !== "object") state.gone.delete(uid);
  }
  return due.toSorted((a, b) => a.at - b.at);
}

function ruleIn({ spec, metadata }: AgentNotifier, record: SentRecord): NotifierRule {
  return ruleOf(spec, Math.max(record.since, timeOf(metadata.creationTimestamp, 0)));
}

export function settle(state: Notified, uid: string, level: Settled): void {
  state.record.settled.set(uid, level);
  state.unwritten.add(uid);
}

/** A run that is deleted is kept as long as something is due of it; else its entry goes. False: there are too many, and it is lost. */
export function takeLeave(notifier: AgentNotifier, state: Notified, run: AgentRun): boolean {
  const uid = run.metadata.uid ?? "";
  const found = dueOf(run, ruleIn(notifier, state.record), state.record.settled.get(uid));
  const isDue = typeof found === "object";
  if (isDue && state.gone.size < MAX_GONE) {
    state.gone.set(uid, run);
    return true;
  }
  if (state.record.settled.delete(uid)) state.unwritten.add(uid);
  return !isDue;
}

/** Once in ten minutes: drops entries of runs that are gone, and the oldest ones if there are too many: what happened before them is settled then. */
export function tidy(state: Notified, runs: Iterable<AgentRun>, now: number): void {
  const { record, gone, unwritten, tidiedAt } = state;
  if (tidiedAt > now - TIDY_MS) return;
  state.tidiedAt = now;
  const ends = new Map<string, number>();
  for (const { metadata, status } of runs)
    ends.set(metadata.uid ?? "", timeOf(status?.completionTime, Infinity));
  const forget = (uid: string): void => {
    record.settled.delete(uid);
    unwritten.add(uid);
  };
  for (const uid of record.settled.keys()) if (!ends.has(uid) && !gone.has(uid)) forget(uid);
  const surplus = record.settled.size - MAX_SETTLED;
  if (surplus <= 0) return;
  const oldest = [...record.settled.keys()].toSorted((a, b) => (ends.get(a) ?? 0) - (ends.get(b) ?? 0));
  for (const uid of oldest.slice(0, surplus)) {
    const end = ends.get(uid) ?? 0;
    if (end !== Infinity) record.since = Math.max(record.since, end + 1);
    forget(uid);
  }
}
