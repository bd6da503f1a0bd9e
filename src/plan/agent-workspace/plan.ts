import { findCondition, setConditions } from "../../api/conditions.ts";
import { ANNOTATION_ORIGIN, ANNOTATION_RETRY, FINALIZER_IN_USE } from "../../api/labels.ts";
import type { AgentWorkspacePhase, AgentWorkspaceStatus } from "../../api/agent-workspace.ts";
import type { Reason } from "../../api/reasons.ts";
import { jobs, persistentVolumeClaims } from "../../kube/builtin.ts";
import { isDeleting } from "../../kube/objects.ts";
import { workspaceClaimName } from "../specs/names.ts";
import { buildWorkspaceClaims } from "../specs/workspace-claims.ts";
import { buildWorkspaceJob } from "../specs/workspace-job.ts";
import { jobCondition } from "../agent-run/job-state.ts";
import { holdUpOf, isSlow, SLOW_START_MS } from "../agent-run/start-up.ts";
import { isFinished, timestamp } from "../agent-run/status.ts";
import type { Child, EventIntent, Plan } from "../plan.ts";
import type { WorkspaceSetup } from "../resolved-workspace.ts";
import { initFailure } from "../agent-run/ending.ts";
import type { ObservedWorkspace } from "./observed.ts";
import { resolveWorkspace, workspaceWaitsFor } from "./resolve.ts";
import { worktreesOf } from "./worktrees.ts";

export type WorkspacePlan = Plan<AgentWorkspaceStatus>;

/** For what comes with no watch: a slow pod's events, a name that is freed, room in a quota. */
const RECHECK_MS = 30_000;

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
  if (users.length === 0) return rest();
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
  const phase = refusal.reason === "Forbidden" ? "Pending" : "Failed";
  return { ...enter(observed, phase, refusal.reason, refusal.message), lookAgain: { afterMs: RECHECK_MS } };
}

/** Once Ready it stays so: volumes that were added get their claims, and its worktrees are listed. */
const ready: Step = (observed, setup) =>
  isReady(observed)
    ? {
        ...enter(observed, "Ready", "Ready", "the repository is checked out"),
        create: missingClaims(observed, setup),
      }
    : undefined;

function isReady({ workspace, job }: ObservedWorkspace): boolean {
  if (workspace.status?.phase === "Ready") return true;
  return job !== undefined && !isDeleting(job) && jobCondition(job, "Complete") !== undefined;
}

function waiting(observed: ObservedWorkspace): WorkspacePlan | undefined {
  const missing = workspaceWaitsFor(observed);
  return missing && enter(observed, "Pending", missing.reason, missing.message);
}

/** A failed Job is removed once something has changed that it may have failed for. */
const retry: Step = (observed, setup) => {
  const { job } = observed;
  if (!job || isDeleting(job) || !jobCondition(job, "Failed")) return undefined;
  if (job.metadata.annotations?.[ANNOTATION_ORIGIN] === setup.origin) return undefined;
  const { namespace = "", name = "", uid = "" } = job.metadata;
  return {
    ...enter(
      observed,
      "Initializing",
      "Retrying",
      "the failed Job is removed; a new one clones the repository",
    ),
    remove: [{ type: jobs, namespace, name, uid, propagationPolicy: "Foreground" }],
  };
};

const follow: Step = (observed, setup) => {
  const { job, pod, workspace } = observed;
  if (!job) return undefined;
  if (isDeleting(job)) return rest();
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
  const claim = observed.claims.get(workspaceClaimName(workspace.metadata.name ?? ""));
  const holdUp = holdUpOf({ ...observed, claim });
  if (holdUp) {
    return {
      ...enter(observed, "Initializing", holdUp.reason, holdUp.message),
      create,
      lookAgain: { afterMs: RECHECK_MS },
    };
  }
  const started = pod?.status?.phase === "Running";
  const afterMs = !pod || isSlow(pod, observed.now) ? RECHECK_MS : SLOW_START_MS;
  return {
    ...enter(observed, "Initializing", "Cloning", "the init Job clones the repository"),
    create,
    lookAgain: started ? "onChange" : { afterMs },
  };
};

/** What the newest pod failed for, in git's own words. */
function lastFailure({ pod }: ObservedWorkspace): { reason: Reason; message: string } | undefined {
  for (const { name, state } of pod?.status?.containerStatuses ?? []) {
    if (state?.terminated && state.terminated.exitCode !== 0) return initFailure(name, state.terminated);
  }
  return undefined;
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
  return {
    ...rest(),
    events: eventsOf(status, phase, reason, message),
    status: {
      ...status,
      phase,
      reason,
      message,
      observedGeneration,
      conditions: setConditions(status?.conditions, [{ ...condition, observedGeneration }], timestamp(now)),
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

function rest(): WorkspacePlan {
  return { create: [], remove: [], events: [], lookAgain: "onChange" };
}
