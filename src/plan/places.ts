import type { AgentRun } from "../api/agent-run.ts";
import { isDeleting } from "../kube/objects.ts";
import { isCancelled } from "./agent-run/cancel.ts";
import { isFinished } from "./agent-run/status.ts";

/** A `maxRunning`: how many runs hold a place at a time, in the whole namespace or at one provider. */
export interface Limit {
  kind: "AgentConfig" | "AgentProvider";
  name: string;
  maxRunning: number;
}

/** A run that holds a place or waits for one. */
export interface Competitor {
  name: string;
  /** RFC 3339 */
  createdAt: string;
  /** Name of its AgentProvider, if it has one. */
  provider?: string;
}

/** Who has a place in a namespace, and who waits for one. */
export interface Places {
  limits: readonly Limit[];
  /** From a run's first Job until the run ends. */
  holders: readonly Competitor[];
  /** In no order. */
  waiting: readonly Competitor[];
}

/** Why a run waits, and how many runs of that limit are at most before it. */
export interface Turn {
  limit: Limit;
  place: number;
}

/** Whether a run that has no place can want one: it has not been planned yet, or was last seen in the queue. */
export function mayWantPlace(run: AgentRun): boolean {
  const { reason } = run.status ?? {};
  return (
    !isFinished(run) && !isDeleting(run) && !isCancelled(run) && (reason === undefined || reason === "Queued")
  );
}

/** Whether the run's status shows that it has had a Job: then it holds its place, also between two attempts. */
export function hasStarted({ status }: AgentRun): boolean {
  return status?.startTime !== undefined;
}

/** When it is the turn of this run: undefined if it holds a place or may take one now. */
export function turnOf(name: string, places: Places): Turn | undefined {
  const { limits, holders, waiting } = places;
  if (holders.some((each) => each.name === name)) return undefined;
  const self = waiting.find((each) => each.name === name);
  const own = self === undefined ? [] : limits.filter((limit) => binds(limit, self));
  if (self === undefined || own.length === 0) return undefined;
  const before = waiting.filter((each) => each.name !== name && isBefore(each, self));
  const full = own.find((limit) => countOf(limit, holders) >= limit.maxRunning);
  const limit = full ?? fullAfter(before, places, own);
  return limit && { limit, place: 1 + countOf(limit, before) };
}

/** The runs that may take a place now, oldest first. A run whose provider is full is passed over. */
export function nextInTurn(places: Places): string[] {
  return admit(places).admitted.map(({ name }) => name);
}

interface Admission {
  admitted: Competitor[];
  taken: ReadonlyMap<Limit, number>;
}

function admit({ limits, holders, waiting }: Places): Admission {
  const taken = new Map(limits.map((limit) => [limit, countOf(limit, holders)]));
  const admitted: Competitor[] = [];
  const isFull = (limit: Limit): boolean => (taken.get(limit) ?? 0) >= limit.maxRunning;
  if (limits.length > 0 && limits.every(isFull)) return { admitted, taken };
  for (const each of waiting.toSorted((a, b) => (isBefore(a, b) ? -1 : 1))) {
    const own = limits.filter((limit) => binds(limit, each));
    if (own.some(isFull)) continue;
    for (const limit of own) taken.set(limit, (taken.get(limit) ?? 0) + 1);
    admitted.push(each);
  }
  return { admitted, taken };
}

/** The limit that is full once those before have what they may have. */
function fullAfter(
  before: readonly Competitor[],
  { limits, holders }: Places,
  own: readonly Limit[],
): Limit | undefined {
  const isWide = own.every((limit) => countOf(limit, holders) + countOf(limit, before) < limit.maxRunning);
  if (isWide) return undefined;
  const { taken } = admit({ limits, holders, waiting: before });
  return own.find((limit) => (taken.get(limit) ?? 0) >= limit.maxRunning);
}

function countOf(limit: Limit, runs: readonly Competitor[]): number {
  return runs.reduce((count, each) => count + Number(binds(limit, each)), 0);
}

function binds({ kind, name }: Limit, { provider }: Competitor): boolean {
  return kind === "AgentConfig" || name === provider;
}

/** Times are whole seconds: those of the same second go by name. */
function isBefore(a: Competitor, b: Competitor): boolean {
  return a.createdAt === b.createdAt ? a.name < b.name : a.createdAt < b.createdAt;
}

export function turnMessage({ limit, place }: Turn): string {
  const { kind, name, maxRunning } = limit;
  const runs = maxRunning === 1 ? "one run" : `${maxRunning} runs`;
  return `${kind} ${name} lets ${runs} work at a time (maxRunning); this run has place ${place} in the queue`;
}

const LOOK_AGAIN_MS = 30_000;

/** When the place that a message shows is brought up to date; the later, the longer the queue is. */
export function nextLookAtTurnMs({ place }: Turn): number {
  return Math.max(LOOK_AGAIN_MS, place * 100);
}
