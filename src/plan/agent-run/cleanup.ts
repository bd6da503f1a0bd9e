import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { findCondition, setConditions } from "../../api/conditions.ts";
import { ANNOTATION_CLEANUP, ANNOTATION_ORIGIN, FINALIZER_WORKTREE } from "../../api/labels.ts";
import type { Reason } from "../../api/reasons.ts";
import { jobs, type Job } from "../../kube/builtin.ts";
import { isDeleting, type KubeObject } from "../../kube/objects.ts";
import { buildCleanupJob, cleanupOrigin, type WorktreeCleanup } from "../specs/cleanup-job.ts";
import type { EventIntent, Plan, Removal } from "../plan.ts";
import type { ObservedCleanup, ObservedRun, OperatorDefaults } from "./observed.ts";
import { jobCondition, type JobState } from "./job-state.ts";
import { timestamp } from "./status.ts";

type RunPlan = Plan<AgentRunStatus>;

/** The condition that tells how far the removal is. */
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
  const { run, job, cleanup = {}, refusal } = observed;
  const { workspace } = cleanup;
  if (!isCleanupDue(run)) return rest();
  // Without the workspace there is no claim either.
  if (!workspace || isDeleting(workspace)) return letGo();
  if (job) return isDeleting(job) ? rest() : { ...rest(), remove: [removal(job, "Foreground")] };
  if (refusal) return letGo(kept(refusal.message));
  const progress = progressOf(run, cleanup);
  switch (progress.state) {
    case "removed":
      return letGo(removed(run));
    case "kept":
      return letGo(kept(progress.message));
    default:
      return { ...rest(), ...push(progress, observed, workspace) };
  }
}

/** What a run with cleanup OnSuccess still has to do once it has succeeded; undefined: nothing. */
export function planAfterSuccess(observed: ObservedRun): RunPlan | undefined {
  const { run, cleanup = {}, refusal } = observed;
  const { workspace } = cleanup;
  if (!isCleanupDue(run) || !workspace || isDeleting(workspace)) return undefined;
  const progress = refusal
    ? ({ state: "kept", message: refusal.message } as const)
    : progressOf(run, cleanup);
  switch (progress.state) {
    case "removed": {
      const event = removed(run);
      return { ...rest(), events: [event], ...tell(observed, "True", "WorktreeCleaned", event.note) };
    }
    case "kept": {
      const event = kept(progress.message);
      return { ...rest(), events: [event], ...tell(observed, "False", "WorktreeKept", event.note) };
    }
    default: {
      const message = `Job ${cleanupJob(observed, workspace).metadata.name} removes the worktree`;
      return {
        ...rest(),
        ...push(progress, observed, workspace),
        ...tell(observed, "False", "WorktreeCleaning", message),
      };
    }
  }
}

type Progress =
  | { state: "absent" | "running" }
  | { state: "outdated"; job: JobState }
  | { state: "removed" }
  | { state: "kept"; message: string };

function progressOf(run: AgentRun, { job, pod }: ObservedCleanup): Progress {
  if (!job) return { state: "absent" };
  const isComplete = jobCondition(job, "Complete") !== undefined;
  const failed = jobCondition(job, "Failed");
  if (isDeleting(job) || (!isComplete && !failed)) return { state: "running" };
  if (job.metadata.annotations?.[ANNOTATION_ORIGIN] !== originOf(run)) return { state: "outdated", job };
  if (isComplete) return { state: "removed" };
  const words = pod?.status?.containerStatuses?.[0]?.state?.terminated?.message?.trim();
  return { state: "kept", message: words || (failed?.message ?? "the Job that removes it failed") };
}

/** The next thing to do about a removal that has no result yet. */
function push(
  progress: Extract<Progress, { state: "absent" | "running" | "outdated" }>,
  observed: ObservedRun,
  workspace: AgentWorkspace,
): Partial<RunPlan> {
  if (progress.state === "outdated") return { remove: [removal(progress.job, "Background")] };
  if (progress.state === "running") return {};
  return { create: [{ type: jobs, object: cleanupJob(observed, workspace) }] };
}

function cleanupJob({ run, cleanup, defaults }: ObservedRun, workspace: AgentWorkspace): Job {
  return buildCleanupJob(resolveCleanup(run, workspace, cleanup?.config, defaults));
}

function resolveCleanup(
  run: AgentRun,
  workspace: AgentWorkspace,
  config: AgentConfig | undefined,
  { gitImage }: OperatorDefaults,
): WorktreeCleanup {
  const { namespace = "", name = "", uid = "" } = workspace.metadata;
  return {
    run: { name: run.metadata.name ?? "", uid: run.metadata.uid ?? "" },
    workspace: { namespace, name, uid, accessMode: workspace.spec.accessMode ?? "ReadWriteMany" },
    force: isForced(run),
    gitImage,
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

function tell(
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

function letGo(...events: EventIntent[]): RunPlan {
  return { ...rest(), events, finalizers: { [FINALIZER_WORKTREE]: false } };
}

/** Only this very Job is meant. */
export function removal({ metadata }: KubeObject, propagationPolicy: Removal["propagationPolicy"]): Removal {
  const { namespace = "", name = "", uid = "" } = metadata;
  return { type: jobs, namespace, name, uid, propagationPolicy };
}

function rest(): RunPlan {
  return { create: [], remove: [], events: [], lookAgain: "onChange" };
}
