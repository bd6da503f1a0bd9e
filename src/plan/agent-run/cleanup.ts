import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { findCondition, setConditions } from "../../api/conditions.ts";
import { ANNOTATION_CLEANUP, ANNOTATION_ORIGIN, FINALIZER_WORKTREE } from "../../api/labels.ts";
import type { Reason } from "../../api/reasons.ts";
import { jobs, type Job, type Pod } from "../../kube/builtin.ts";
import { isDeleting } from "../../kube/objects.ts";
import {
  buildCleanupJob,
  cleanupOrigin,
  DEADLINE_SECONDS,
  type WorktreeCleanup,
} from "../specs/cleanup-job.ts";
import { placeOf } from "../place.ts";
import { isFinished } from "./status.ts";
import { gitResources } from "../specs/git-resources.ts";
import { NOTHING_TO_DO, type EventIntent, type Plan } from "../../kube/plan.ts";
import { type ObservedCleanup, type ObservedRun } from "./observed.ts";
import { isTemporary, type Refusal } from "../jobs/refusal.ts";
import { type OperatorDefaults } from "../defaults.ts";
import { isHeldOpen, mainEnd } from "../jobs/pod-state.ts";
import { timeOf } from "../../kube/time.ts";
import { jobCondition, type JobState } from "../jobs/job-state.ts";
import { removal } from "../jobs/removal.ts";
import { isLost } from "../jobs/lost-pod.ts";
import { timestamp } from "../../kube/time.ts";

type RunPlan = Plan<AgentRunStatus>;

/** The condition that shows how far the removal is. */
const CONDITION = "WorktreeRemoved";

/** Whether the deletion of the run has to wait for the removal of its worktree. */
export function cleansOnDelete({ spec }: Pick<AgentRun, "spec">): boolean {
  return spec.workspaceRef !== undefined && spec.worktree?.cleanup === "OnDelete";
}

/** Whether something is known to be done about the run's worktree now. */
export function isCleanupDue(run: AgentRun): boolean {
  if (isDeleting(run)) return run.metadata.finalizers?.includes(FINALIZER_WORKTREE) === true;
  if (run.spec.worktree?.cleanup !== "OnSuccess" || run.status?.phase !== "Succeeded") return false;
  const condition = findCondition(run.status.conditions, CONDITION);
  return condition?.status !== "True" && (condition?.reason !== "WorktreeKept" || isForced(run));
}

/** The worktree goes first, then the finalizer; the deletion always ends, at worst with the worktree kept. */
export function planDeletion(observed: ObservedRun): RunPlan {
  const { run, job, cleanup = {}, refusal, now } = observed;
  const { workspace } = cleanup;
  if (!isCleanupDue(run)) return NOTHING_TO_DO;
  // Without the workspace there is no claim either.
  if (!workspace || isDeleting(workspace)) return releaseWorktree();
  if (cleanup.sharedWith) {
    return releaseWorktree(kept(`the worktree is kept for AgentRun ${cleanup.sharedWith.metadata.name}`));
  }
  // Half a worktree would be published as work that removed the rest.
  const users = [...(job ? [job] : []), ...(cleanup.steps ?? [])];
  if (users.length > 0) {
    const remove = users.filter((each) => !isDeleting(each)).map((each) => removal(each, "Foreground"));
    return { ...NOTHING_TO_DO, remove };
  }
  if (refusal && !isWaitedOut(run, refusal, now)) return releaseWorktree(kept(refusal.message));
  if (refusal) return { ...reportRefusal(observed, refusal), requeue: { afterMs: RECHECK_MS } };
  const progress = progressOf(run, cleanup, now);
  switch (progress.state) {
    case "removed":
      return releaseWorktree(removed(run));
    case "kept":
      return releaseWorktree(kept(progress.message));
    default:
      return { ...NOTHING_TO_DO, ...push(progress, observed, workspace) };
  }
}

/** What a run with cleanup OnSuccess still has to do once it has succeeded; undefined: nothing. */
export function planAfterSuccess(observed: ObservedRun): RunPlan | undefined {
  const { run, cleanup = {}, refusal } = observed;
  const { workspace } = cleanup;
  if (!isCleanupDue(run) || !workspace || isDeleting(workspace)) return undefined;
  // It is removed once that one has succeeded.
  if (cleanup.sharedWith && !isFinished(cleanup.sharedWith)) return undefined;
  if (refusal && isTemporary(refusal))
    return { ...reportRefusal(observed, refusal), requeue: { afterMs: RECHECK_MS } };
  const progress = refusal
    ? ({ state: "kept", message: refusal.message } as const)
    : progressOf(run, cleanup, observed.now);
  switch (progress.state) {
    case "removed": {
      const event = removed(run);
      return {
        ...NOTHING_TO_DO,
        events: [event],
        ...report(observed, "True", "WorktreeCleaned", event.note),
      };
    }
    case "kept": {
      const event = kept(progress.message);
      return { ...NOTHING_TO_DO, events: [event], ...report(observed, "False", "WorktreeKept", event.note) };
    }
    default: {
      const message = `Job ${cleanupJob(observed, workspace).metadata.name} removes the worktree`;
      return {
        ...NOTHING_TO_DO,
        ...push(progress, observed, workspace),
        ...report(observed, "False", "WorktreeCleaning", message),
      };
    }
  }
}

/** A deletion waits for an API server that is out of order, but not for ever. */
function isWaitedOut({ metadata }: AgentRun, refusal: Refusal, now: number): boolean {
  return isTemporary(refusal) && now - timeOf(metadata.deletionTimestamp, now) < DEADLINE_SECONDS * 1000;
}

function reportRefusal(observed: ObservedRun, { message }: Refusal): RunPlan {
  return { ...NOTHING_TO_DO, ...report(observed, "False", "WorktreeCleaning", message) };
}

/** For what comes with no watch. */
const RECHECK_MS = 30_000;

type Progress =
  | { state: "absent" | "running" }
  | { state: "outdated"; job: JobState }
  | { state: "removed" }
  | { state: "kept"; message: string };

/** The operator's own container decides, and if its node is lost or others hold the pod open, without the Job's word. */
function progressOf(run: AgentRun, { job, pod }: ObservedCleanup, now: number): Progress {
  if (!job) return { state: "absent" };
  const { end } = (pod && mainEnd(pod)) ?? {};
  const isRemoved = jobCondition(job, "Complete") !== undefined || end?.exitCode === 0;
  const failed = jobCondition(job, "Failed") ?? stuck(job, pod, now);
  if (isDeleting(job) || (!isRemoved && !failed)) return { state: "running" };
  if (job.metadata.annotations?.[ANNOTATION_ORIGIN] !== originOf(run)) return { state: "outdated", job };
  if (isRemoved) return { state: "removed" };
  const words = end?.message?.trim();
  return { state: "kept", message: words || (failed?.message ?? "the Job that removes it failed") };
}

/** Why a Job that has not ended will not end well any more. */
function stuck(job: JobState, pod: Pod | undefined, now: number): { message?: string } | undefined {
  if (pod && isHeldOpen(pod)) return { message: "the Job's container ended with an error" };
  const overdueAt = timeOf(job.metadata.creationTimestamp, now) + (DEADLINE_SECONDS + MARGIN_SECONDS) * 1000;
  if (!(pod && isLost(pod, now)) && now < overdueAt) return undefined;
  const node = pod?.spec.nodeName === undefined ? "no node" : `node ${pod.spec.nodeName}`;
  return { message: `the Job that removes it has not ended in time; ${node} has not reported how it went` };
}

/** Of the grace of the Job's pod, and for its controller. */
const MARGIN_SECONDS = 60;

/** The next thing to do about a removal that has no result yet. */
function push(
  progress: Extract<Progress, { state: "absent" | "running" | "outdated" }>,
  observed: ObservedRun,
  workspace: AgentWorkspace,
): Partial<RunPlan> {
  if (progress.state === "outdated") return { remove: [removal(progress.job, "Background")] };
  if (progress.state === "running") return { requeue: { afterMs: RECHECK_MS } };
  return { create: [{ type: jobs, object: cleanupJob(observed, workspace) }] };
}

function cleanupJob({ run, cleanup, defaults }: ObservedRun, workspace: AgentWorkspace): Job {
  return buildCleanupJob(resolveCleanup(run, workspace, cleanup?.config, defaults));
}

function resolveCleanup(
  run: AgentRun,
  workspace: AgentWorkspace,
  config: AgentConfig | undefined,
  defaults: OperatorDefaults,
): WorktreeCleanup {
  const { namespace = "", name = "", uid = "" } = workspace.metadata;
  return {
    run: { name: run.metadata.name ?? "", uid: run.metadata.uid ?? "" },
    ...(run.status?.continued && { place: placeOf(run) }),
    workspace: { namespace, name, uid, accessMode: workspace.spec.accessMode ?? "ReadWriteMany" },
    force: isForced(run),
    gitImage: defaults.gitImage,
    gitResources: gitResources(config?.spec?.gitResources, defaults.gitResources),
    pod: { labels: config?.spec?.podLabels, annotations: config?.spec?.podAnnotations },
    imagePullSecrets: config?.spec?.defaultImagePullSecrets,
    priorityClassName: config?.spec?.defaultPriorityClassName,
    podSecurityContext: config?.spec?.defaultPodSecurityContext,
  };
}

function isForced({ metadata }: AgentRun): boolean {
  return metadata.annotations?.[ANNOTATION_CLEANUP] === "Force";
}

function originOf(run: AgentRun): string {
  const { name = "", uid = "" } = run.metadata;
  return cleanupOrigin({ run: { name, uid }, force: isForced(run) });
}

function report(
  { run, now }: ObservedRun,
  status: "True" | "False",
  reason: Reason,
  message: string,
): Pick<RunPlan, "status"> {
  const desired = { type: CONDITION, status, reason, message, observedGeneration: run.metadata.generation };
  const before: AgentRunStatus = run.status ?? { phase: "Succeeded" };
  return { status: { ...before, conditions: setConditions(before.conditions, [desired], timestamp(now)) } };
}

function removed({ status }: AgentRun): EventIntent {
  const branch = status?.branch === undefined ? "its branch" : `branch ${status.branch}`;
  return {
    type: "Normal",
    reason: "WorktreeCleaned",
    action: "Clean",
    note: `the worktree is removed; ${branch} is kept`,
  };
}

function kept(message: string): EventIntent {
  return { type: "Warning", reason: "WorktreeKept", action: "Clean", note: message };
}

function releaseWorktree(...events: EventIntent[]): RunPlan {
  return { ...NOTHING_TO_DO, events, finalizers: { [FINALIZER_WORKTREE]: false } };
}
