import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspaceStatus } from "../../api/agent-workspace.ts";
import { findCondition } from "../../api/conditions.ts";
import { ANNOTATION_CHECKOUT, LABEL_RUN } from "../../api/labels.ts";
import { placeOf } from "../place.ts";
import { jobCondition } from "../jobs/job-state.ts";
import { mainEnd } from "../jobs/pod-state.ts";
import type { ObservedWorkspace } from "./observed.ts";
import { WORKTREES_DIR } from "../specs/paths.ts";

export type Worktree = NonNullable<AgentWorkspaceStatus["worktrees"]>[number];

/** As many as the schema lets a status hold. */
const MAX_WORKTREES = 1000;

/**
 * The worktrees that are known of: those of runs whose agent has started, as the run last reported them,
 * and those of runs that are gone, as they were, without those that a clean-up has removed since. Sorted
 * by run; beyond the limit the oldest ones of runs that are gone are forgotten.
 */
export function worktreesOf(
  before: readonly Worktree[],
  runs: readonly AgentRun[],
  cleanups: ObservedWorkspace["cleanups"],
): Worktree[] {
  const known = new Map(before.map((worktree) => [worktree.run, { ...worktree, exists: false }]));
  for (const run of runs) {
    const worktree = reported(run);
    const earlier = known.get(placeOf(run).name);
    if (worktree) known.set(worktree.run, newer(worktree, earlier));
    else if (earlier) earlier.exists = true;
  }
  const removedAt = new Map(cleanups.flatMap(removalOf));
  return [...known.values()]
    .filter(({ run, observedAt }) => compare(removedAt.get(run) ?? "", observedAt) < 0)
    .sort((a, b) => Number(b.exists) - Number(a.exists) || compare(b.observedAt, a.observedAt))
    .slice(0, MAX_WORKTREES)
    .sort((a, b) => compare(a.run, b.run));
}

/** Of two runs that have worked in one worktree, what the later one has reported. */
function newer(told: Worktree & { exists: boolean }, before: (Worktree & { exists: boolean }) | undefined) {
  return before?.exists && compare(before.observedAt, told.observedAt) > 0 ? before : told;
}

/** The run whose worktree a clean-up has removed, and when. */
function removalOf({ job, pod }: ObservedWorkspace["cleanups"][number]): [run: string, at: string][] {
  const { labels, annotations } = job.metadata;
  const run = annotations?.[ANNOTATION_CHECKOUT] ?? labels?.[LABEL_RUN];
  const { end } = (pod && mainEnd(pod)) ?? {};
  // A pod that others hold open never completes its Job.
  const ended = end?.exitCode === 0 ? end.finishedAt : undefined;
  const at = jobCondition(job, "Complete") ? job.status?.completionTime : ended;
  return run !== undefined && at !== undefined ? [[run, at]] : [];
}

function reported(run: AgentRun): (Worktree & { exists: boolean }) | undefined {
  const { status } = run;
  const { name } = placeOf(run);
  const { startedAt, completionTime, branch, result } = status ?? {};
  if (name === "" || startedAt === undefined) return undefined;
  if (findCondition(status?.conditions, "WorktreeRemoved")?.status === "True") return undefined;
  return {
    run: name,
    path: `${WORKTREES_DIR}/${name}`,
    branch: result?.git?.branch ?? branch,
    head: result?.git?.headCommit,
    exists: true,
    observedAt: completionTime ?? startedAt,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
