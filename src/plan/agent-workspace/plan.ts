import { NOT_ISOLATED } from "./isolation.ts";
import { findCondition, setConditions, setProgress, type Progress } from "../../api/conditions.ts";
import { ANNOTATION_ORIGIN, ANNOTATION_RETRY, FINALIZER_IN_USE, LABEL_RUN } from "../../api/labels.ts";
import type { AgentWorkspacePhase, AgentWorkspaceStatus } from "../../api/agent-workspace.ts";
import type { Reason } from "../../api/reasons.ts";
import { jobs, persistentVolumeClaims, type PersistentVolumeClaim } from "../../kube/builtin.ts";
import { isDeleting } from "../../kube/objects.ts";
import { workspaceClaimName } from "../specs/names.ts";
import { buildWorkspaceClaims } from "../specs/workspace-claims.ts";
import { buildWorkspaceJob } from "../specs/workspace-job.ts";
import { removal } from "../jobs/removal.ts";
import { jobCondition, type JobState, SLOW_START_MS } from "../jobs/job-state.ts";
import { givenUpAt, isLost } from "../jobs/lost-pod.ts";
import { disruption, failedInit, isHeldOpen, mainEnd, noneRunning } from "../jobs/pod-state.ts";
import { startProblemOf, isSlow, isSameMessage } from "../jobs/start-up.ts";
import { timestamp } from "../../kube/time.ts";
import { isFinished } from "../agent-run/status.ts";
import { NOTHING_TO_DO, type Child, type EventIntent, type Plan } from "../../kube/plan.ts";
import type { WorkspaceSetup } from "../resolved-workspace.ts";
import { initFailure } from "../jobs/init-failure.ts";
import { retryOf } from "../jobs/refusal.ts";
import type { ObservedWorkspace } from "./observed.ts";
import { resolveWorkspace, workspaceWaitsFor } from "./resolve.ts";
import { worktreesOf } from "./worktrees.ts";

const PROGRESS: Readonly<Record<AgentWorkspacePhase, Progress | undefined>> = {
  Pending: "Reconciling",
  Initializing: "Reconciling",
  Ready: undefined,
  Failed: "Stalled",
};

export type WorkspacePlan = Plan<AgentWorkspaceStatus>;

/** For what comes with no watch: a slow pod's events, a name that is freed, room in a quota. */
const RECHECK_MS = 30_000;

/** For what follows from the new status. */
const SOON_MS = 1_000;

/** Names in a message. */
const MAX_NAMES = 10;

/** What should be done about a workspace. The first step that has an answer decides. */
export function planWorkspace(observed: ObservedWorkspace): WorkspacePlan {
  const isInUse = usersOf(observed).length > 0;
  return { ...decide(observed), finalizers: { [FINALIZER_IN_USE]: isInUse } };
}

function decide(observed: ObservedWorkspace): WorkspacePlan {
  const setup = resolveWorkspace(observed);
  return (
    deleting(observed) ??
    refused(observed) ??
    renewed(observed, setup) ??
    ready(observed, setup) ??
    waiting(observed) ??
    retry(observed, setup) ??
    follow(observed, setup) ??
    start(observed, setup)
  );
}

type Step = (observed: ObservedWorkspace, setup: WorkspaceSetup) => WorkspacePlan | undefined;

/** Waits for the runs that are at work; then the garbage collector takes the claims and the Job along. */
function deleting(observed: ObservedWorkspace): WorkspacePlan | undefined {
  if (!isDeleting(observed.workspace)) return undefined;
  const users = usersOf(observed);
  if (users.length === 0) return NOTHING_TO_DO;
  const phase = observed.workspace.status?.phase ?? "Pending";
  const names = users.slice(0, MAX_NAMES).join(", ") + (users.length > MAX_NAMES ? ", …" : "");
  const message = `the deletion waits for ${users.length} AgentRun${users.length === 1 ? "" : "s"} to end: ${names}`;
  return enter(observed, phase, "InUse", message);
}

/** The names of the runs that have a Job and have not ended. */
function usersOf({ runs }: ObservedWorkspace): string[] {
  return runs
    .filter((run) => run.status?.jobName !== undefined && !isFinished(run))
    .map(({ metadata }) => metadata.name ?? "")
    .toSorted();
}

/** A child could not be created. Tried again: the name may be freed, the quota raised. */
function refused(observed: ObservedWorkspace): WorkspacePlan | undefined {
  const { refusal } = observed;
  if (!refusal) return undefined;
  const retry = retryOf(refusal);
  const plan = enter(observed, retry ? "Pending" : "Failed", refusal.reason, refusal.message);
  return { ...plan, requeue: retry ?? { afterMs: RECHECK_MS } };
}

/**
 * A checkout that is gone with its claim, or that is to be made again. Its Job goes first, whose finished pod would hold a
 * claim that is being deleted.
 */
const renewed: Step = (observed, setup) => {
  const { job } = observed;
  const why = recloneReason(observed);
  if (why === undefined) return undefined;
  const plan = enter(observed, "Initializing", "Retrying", `${why}; the repository is cloned again`);
  if (job) return { ...plan, remove: isDeleting(job) ? [] : [removal(job, "Background")] };
  // A claim that is being deleted cannot be used any more, and its watch reports when it is gone.
  const checkout = checkoutOf(observed);
  return checkout && isDeleting(checkout) ? plan : { ...plan, create: start(observed, setup).create };
};

function recloneReason(observed: ObservedWorkspace): string | undefined {
  const { workspace } = observed;
  const checkout = checkoutOf(observed);
  const name = workspaceClaimName(workspace.metadata.name ?? "");
  if (checkout && isDeleting(checkout)) return `claim ${name} is being deleted`;
  if (!wasReady(observed)) return undefined;
  if (!checkout) return `claim ${name} is gone`;
  const asked = workspace.metadata.annotations?.[ANNOTATION_RETRY];
  return asked === undefined || asked === workspace.status?.retryObserved ? undefined : "it was asked for";
}

function checkoutOf({ workspace, claims }: ObservedWorkspace): PersistentVolumeClaim | undefined {
  return claims.get(workspaceClaimName(workspace.metadata.name ?? ""));
}

function wasReady({ workspace, job }: ObservedWorkspace): boolean {
  return (
    workspace.status?.phase === "Ready" || (job !== undefined && jobCondition(job, "Complete") !== undefined)
  );
}

/** Whoever looks at a workspace learns what sharing it means. */
const READY_MESSAGE =
  "the repository is checked out; its runs share one .git and can read and change each other's work";

/** Once Ready it stays so while it has its checkout: volumes that were added get their claims, and its worktrees are listed. */
const ready: Step = (observed, setup) => {
  if (!isReady(observed)) return undefined;
  const plan = enter(observed, "Ready", "Ready", READY_MESSAGE);
  const { told, untold } = heldOpen(observed);
  const requeue = untold.length > 0 ? { afterMs: SOON_MS } : plan.requeue;
  const remove = told.map((job) => removal(job, "Background"));
  return { ...plan, create: missingClaims(observed, setup), remove, requeue };
};

function isReady({ workspace, job, pod }: ObservedWorkspace): boolean {
  if (workspace.status?.phase === "Ready") return true;
  if (job === undefined || isDeleting(job)) return false;
  return (
    jobCondition(job, "Complete") !== undefined || (pod !== undefined && mainEnd(pod)?.end.exitCode === 0)
  );
}

/** Jobs whose work is done but whose pods others hold open: what the status reports already, and what it does not yet. */
function heldOpen({
  workspace,
  job,
  pod,
  cleanups,
}: ObservedWorkspace): Record<"told" | "untold", JobState[]> {
  const { phase, worktrees = [] } = workspace.status ?? {};
  const listed = new Set(worktrees.map(({ run }) => run));
  const held = [...(job ? [{ job, pod }] : []), ...cleanups].filter(
    (each) => each.pod && isHeldOpen(each.pod) && !isDeleting(each.job),
  );
  const isTold = (each: JobState): boolean =>
    each === job ? phase === "Ready" : !listed.has(each.metadata.labels?.[LABEL_RUN] ?? "");
  const { told = [], untold = [] } = Object.groupBy(
    held.map((each) => each.job),
    (each) => (isTold(each) ? "told" : "untold"),
  );
  return { told, untold };
}

function waiting(observed: ObservedWorkspace): WorkspacePlan | undefined {
  const missing = workspaceWaitsFor(observed);
  return missing && enter(observed, "Pending", missing.reason, missing.message);
}

/** A Job that has failed is removed once something has changed that it may have failed for; one whose pod is lost at once. */
const retry: Step = (observed, setup) => {
  const { job, pod, workspace, now } = observed;
  if (!job || isDeleting(job)) return undefined;
  if (pod && isLost(pod, now)) {
    const why = disruption(pod) ?? "the pod was deleted";
    const message = `${why}; node ${pod.spec.nodeName} has not reported how it ended: a new Job clones the repository`;
    return { ...enter(observed, "Initializing", "Retrying", message), remove: [removal(job, "Background")] };
  }
  const hasFailed = jobCondition(job, "Failed") !== undefined || workspace.status?.phase === "Failed";
  if (!hasFailed || job.metadata.annotations?.[ANNOTATION_ORIGIN] === setup.origin) return undefined;
  const message = "the failed Job is removed; a new one clones the repository";
  return { ...enter(observed, "Initializing", "Retrying", message), remove: [removal(job, "Foreground")] };
};

const follow: Step = (observed, setup) => {
  const { job } = observed;
  if (!job) return undefined;
  if (isDeleting(job)) return NOTHING_TO_DO;
  const create = missingClaims(observed, setup);
  const failed = jobCondition(job, "Failed");
  const failure = lastFailure(observed);
  if (failed) {
    const { reason, message } = failure ?? {
      reason: "CloneFailed",
      message: failed.message ?? "the init Job failed",
    };
    return { ...enter(observed, "Failed", reason, message), create };
  }
  if (failure) {
    return {
      ...enter(observed, "Initializing", failure.reason, `${failure.message}\nit is tried again`),
      create,
    };
  }
  return { ...startUp(observed), create };
};

/** How the Job's pod gets on until git runs. What holds it up for too long is a failure, of which the node may still recover. */
function startUp(observed: ObservedWorkspace): WorkspacePlan {
  const { pod, workspace, now } = observed;
  const problem = startProblemOf({ ...observed, claim: checkoutOf(observed) });
  if (problem) {
    const { fails, reason } = problem;
    const { phase, message: before } = workspace.status ?? {};
    const failure = fails?.afterMs === 0 ? fails.ending.reason : undefined;
    const isKnown = phase !== undefined && isSameMessage(before, problem.message);
    const message = isKnown ? (before ?? "") : problem.message;
    const plan = enter(observed, failure ? "Failed" : "Initializing", failure ?? reason, message);
    return { ...plan, requeue: { afterMs: Math.min(fails?.afterMs || RECHECK_MS, RECHECK_MS) } };
  }
  const plan = enter(observed, "Initializing", "Cloning", "the init Job clones the repository");
  const isDue = pod !== undefined && givenUpAt(pod) !== undefined;
  if (pod && !noneRunning(pod) && !isDue) return plan;
  return { ...plan, requeue: { afterMs: !pod || isDue || isSlow(pod, now) ? RECHECK_MS : SLOW_START_MS } };
}

/** What the newest pod failed for, in git's own words. */
function lastFailure({ pod }: ObservedWorkspace): { reason: Reason; message: string } | undefined {
  const failed = pod && (failedInit(pod) ?? mainEnd(pod));
  return failed && failed.end.exitCode !== 0 ? initFailure(failed.container, failed.end) : undefined;
}

const start = (observed: ObservedWorkspace, setup: WorkspaceSetup): WorkspacePlan => ({
  ...enter(observed, "Initializing", "Cloning", "the init Job clones the repository"),
  create: [...missingClaims(observed, setup), { type: jobs, object: buildWorkspaceJob(setup) }],
});

function missingClaims({ claims }: ObservedWorkspace, setup: WorkspaceSetup): Child[] {
  return buildWorkspaceClaims(setup)
    .filter(({ metadata }) => !claims.has(metadata.name ?? ""))
    .map((object) => ({ type: persistentVolumeClaims, object }));
}

function enter(
  observed: ObservedWorkspace,
  phase: AgentWorkspacePhase,
  reason: Reason,
  message: string,
): WorkspacePlan {
  const { workspace, now } = observed;
  const { metadata, status } = workspace;
  const observedGeneration = metadata.generation;
  const isUsable = phase === "Ready" && reason === "Ready";
  const condition = { type: "Ready", status: isUsable ? "True" : "False", reason, message } as const;
  const told = { reason, message, observedGeneration };
  const conditions = setConditions(
    status?.conditions,
    [
      { ...condition, observedGeneration },
      { ...NOT_ISOLATED, observedGeneration },
    ],
    timestamp(now),
  );
  return {
    ...NOTHING_TO_DO,
    events: eventsOf(status, phase, reason, message),
    status: {
      ...status,
      phase,
      reason,
      message,
      observedGeneration,
      conditions: setProgress(conditions, PROGRESS[phase], told, timestamp(now)),
      retryObserved: metadata.annotations?.[ANNOTATION_RETRY],
      ...factsOf(observed),
    },
  };
}

/** What status shows of the runs that use it, and of the last fetch. */
function factsOf({ workspace, runs, job, cleanups }: ObservedWorkspace): Partial<AgentWorkspaceStatus> {
  const { status } = workspace;
  const worktrees = worktreesOf(status?.worktrees ?? [], runs, cleanups);
  return {
    worktrees: worktrees.length > 0 ? worktrees : undefined,
    worktreeCount: worktrees.length,
    runningRuns: runs.filter((run) => run.status?.phase === "Running" && !isFinished(run)).length,
    lastFetch: latest([
      status?.lastFetch,
      job?.status?.completionTime,
      ...runs.map((run) => run.status?.fetchedAt),
    ]),
  };
}

/** Of times as Kubernetes writes them. */
function latest(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined)
    .toSorted()
    .at(-1);
}

function eventsOf(
  status: AgentWorkspaceStatus | undefined,
  phase: AgentWorkspacePhase,
  reason: Reason,
  note: string,
): EventIntent[] {
  if (
    status?.phase === phase &&
    (status.reason === reason || findCondition(status.conditions, "Ready")?.reason === reason)
  ) {
    return [];
  }
  const calm = phase === "Ready" || reason === "Cloning" || reason === "Retrying";
  const action = reason === "InUse" ? "Delete" : "Initialize";
  return [{ type: calm ? "Normal" : "Warning", reason, action, note }];
}
