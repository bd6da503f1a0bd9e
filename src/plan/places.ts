import type { AgentRun } from "../api/agent-run.ts";
import { isDeleting } from "../kube/objects.ts";
import { isCancelled } from "./agent-run/cancel.ts";
import { isFinished } from "./agent-run/status.ts";
import { placeOf } from "./place.ts";

/** How many runs hold a place at a time: in the whole namespace, at one provider, or on one branch of a workspace. */
export interface Limit {
  kind: "AgentConfig" | "AgentProvider" | "Branch";
  /** Of a branch, as `branchOf` names it. */
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
  /** The branch that it works on, if others can want the same. */
  branch?: string;
  /** Whether it waits until its branch is free. Others fail if it is not. */
  queuesForBranch?: boolean;
}

/** Who has a place in a namespace, and who waits for one. */
export interface Places {
  limits: readonly Limit[];
  /** From a run's first Job until the run ends. */
  holders: readonly Competitor[];
  /** In no order. */
  waiting: readonly Competitor[];
}

/** The branch of a run on a workspace, or the checkout that it shares with those that continue each other, as people know it. */
export function branchOf(run: AgentRun): Pick<Competitor, "branch" | "queuesForBranch"> {
  const { workspaceRef, worktree } = run.spec;
  if (workspaceRef === undefined || !worktree) {
    if (!run.status?.continued) return {};
    return { branch: `the checkout of AgentRun ${placeOf(run).name}`, queuesForBranch: true };
  }
  const branch = `branch ${worktree.branch} of AgentWorkspace ${workspaceRef}`;
  return { branch, queuesForBranch: queuesForBranch(run) };
}

/** Whether the run waits until no other one has its branch: one that continues another always does. */
export function queuesForBranch({ spec }: AgentRun): boolean {
  return spec.continueFrom !== undefined || spec.worktree?.onBusy === "Queue";
}

/** One run at a time for each branch that another one waits for. */
export function branchLimits(waiting: readonly Competitor[]): Limit[] {
  const names = waiting.flatMap((each) => (each.queuesForBranch && each.branch ? [each.branch] : []));
  return [...new Set(names)].map((name) => ({ kind: "Branch", name, maxRunning: 1 }));
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
  const own = self === undefined ? [] : limits.filter((limit) => holdsUp(limit, self));
  if (self === undefined || own.length === 0) return undefined;
  const before = waiting.filter((each) => each.name !== name && isBefore(each, self));
  const full = own.find((limit) => countOf(limit, holders) >= limit.maxRunning);
  const limit = full ?? fullAfter(before, places, own);
  return limit && { limit, place: 1 + countOf(limit, before) };
}

/** Those of the runs that wait for a limit that may take a place now, oldest first. A run whose provider is full is passed over. */
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
    if (limits.some((limit) => holdsUp(limit, each) && isFull(limit))) continue;
    for (const limit of limits.filter((one) => binds(one, each)))
      taken.set(limit, (taken.get(limit) ?? 0) + 1);
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

/** Whether a run that is at work has one of the places. */
function binds({ kind, name }: Limit, { provider, branch }: Competitor): boolean {
  return kind === "AgentConfig" || name === (kind === "Branch" ? branch : provider);
}

/** Whether a run waits while there is no place. */
function holdsUp(limit: Limit, each: Competitor): boolean {
  return binds(limit, each) && (limit.kind !== "Branch" || each.queuesForBranch === true);
}

/** Times are whole seconds: those of the same second go by name. */
function isBefore(a: Competitor, b: Competitor): boolean {
  return a.createdAt === b.createdAt ? a.name < b.name : a.createdAt < b.createdAt;
}

export function turnMessage({ limit, place }: Turn): string {
  const { kind, name, maxRunning } = limit;
  if (kind === "Branch")
    return `another run has ${name}, which one run uses at a time; this run has place ${place} in the queue`;
  const runs = maxRunning === 1 ? "one run" : `${maxRunning} runs`;
  return `${kind} ${name} lets ${runs} work at a time (maxRunning); this run has place ${place} in the queue`;
}

const LOOK_AGAIN_MS = 30_000;

/** When the place that a message shows is brought up to date; the later, the longer the queue is. */
export function nextLookAtTurnMs({ place }: Turn): number {
  return Math.max(LOOK_AGAIN_MS, place * 100);
}
