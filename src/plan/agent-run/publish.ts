import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { setConditions, type DesiredCondition } from "../../api/conditions.ts";
import type { Reason } from "../../api/reasons.ts";
import { jobs } from "../../kube/builtin.ts";
import { isDeleting } from "../../kube/objects.ts";
import { NOTHING_TO_DO, type Plan } from "../../kube/plan.ts";
import { timeOf, timestamp } from "../../kube/time.ts";
import { initFailure } from "../jobs/init-failure.ts";
import { hasEnded, jobCondition, SLOW_START_MS, type JobState } from "../jobs/job-state.ts";
import * as podState from "../jobs/pod-state.ts";
import { isTemporary } from "../jobs/refusal.ts";
import { removal } from "../jobs/removal.ts";
import { startProblemOf } from "../jobs/start-up.ts";
import { publishJobName, PUSH_CONTAINER } from "../specs/names.ts";
import { buildPublishJob, PUBLISH_DEADLINE_SECONDS } from "../specs/publish-job.ts";
import { parsePushReport } from "../specs/step-report.ts";
import { isCancelled } from "./cancel.ts";
import { describeChange } from "./change.ts";
import { eventsOf } from "./events.ts";
import type { ObservedRun } from "./observed.ts";
import { publishedBranch, resolvePublish } from "./resolve-publish.ts";
import { missingSecret } from "./obstacles.ts";
import { publishNeeds } from "./references.ts";
import * as status from "./status.ts";

type RunPlan = Plan<AgentRunStatus>;

/** Its condition in a run's status. */
const CONDITION = "Published";

/** For what comes with no watch. */
const RECHECK_MS = 30_000;

/** For the controller of its Job. */
const MARGIN_SECONDS = 60;

/** Whether the run's agent has succeeded and its work is still to be published. */
export function isPublishing({ status: told }: AgentRun): boolean {
  return told?.phase === "Running" && told.agentEndedAt !== undefined;
}

/** The status of a run whose agent has succeeded, with what it has come to: its work is published next. */
export function publishingStatus(run: AgentRun, ended: Partial<AgentRunStatus>, now: number): AgentRunStatus {
  const message = `Job ${publishJobName(run.metadata.name ?? "")} pushes the work to branch ${publishedBranch(run)}`;
  const stage = status.enterStage(run, status.publishingStage(message), now);
  return { ...stage, ...ended, conditions: withCondition(run, stage, "Unknown", "Publishing", message, now) };
}

/** What is to be done about a run whose work is being published; undefined: that is not so. */
export function planPublish(observed: ObservedRun): RunPlan | undefined {
  const { run, step } = observed;
  if (!isPublishing(run)) return undefined;
  const progress = progressOf(observed);
  switch (progress.state) {
    case "pushed":
      return end(observed, { ...pushed(run, progress.commit), published: progress });
    case "nothing":
      return end(observed, nothing(run));
    case "failed":
      return end(observed, progress);
    case "again":
      return { ...NOTHING_TO_DO, remove: step?.job ? [removal(step.job, "Background")] : [] };
    case "underWay":
      return hold(observed, progress.problem, progress.afterMs);
    case "absent":
      return startJob(observed);
  }
}

interface StepEnd {
  phase: "Succeeded" | "Failed";
  reason: Reason;
  message: string;
  /** The reason of the condition, if it is another one. */
  told?: Reason;
  /** RFC 3339; absent: now. */
  at?: string;
  published?: { commit: string; at?: string };
}

type Progress =
  | { state: "absent" | "nothing" | "again" }
  | { state: "pushed"; commit: string; at?: string }
  | { state: "underWay"; problem?: string; afterMs: number }
  | ({ state: "failed" } & StepEnd);

/** What the pod says counts, whatever its Job knows of it yet. */
function progressOf(observed: ObservedRun): Progress {
  const { run, step: { job, pod } = {} } = observed;
  const main = pod && podState.mainEnd(pod);
  const report = main && parsePushReport(main.end.message ?? "");
  if (main?.end.exitCode === 0 && report?.kind === "pushed") {
    return { state: "pushed", commit: report.commit, at: main.end.finishedAt };
  }
  if (isCancelled(run)) return failed("Cancelled", CANCELLED);
  if (!job) return { state: "absent" };
  if (main?.end.exitCode === 0) {
    return report?.kind === "nothing"
      ? { state: "nothing" }
      : failed("PublishFailed", `container ${main.container} has not reported what it did`);
  }
  if (isDeleting(job)) return { state: "underWay", afterMs: RECHECK_MS };
  // Its pod is gone with its report; another one finds the branch as it should be.
  if (jobCondition(job, "Complete")) return { state: "again" };
  const said = jobCondition(job, "Failed") ?? jobCondition(job, "FailureTarget");
  return said ? whyFailed(observed, said) : onItsWay(observed, job);
}

const CANCELLED =
  "the run was cancelled while its work was being published; what the agent has done is kept, and the push may have come through";

function failed(reason: Reason, message: string, at?: string): Progress {
  return { state: "failed", phase: "Failed", reason, message, ...(at === undefined ? {} : { at }) };
}

/** Reasons that the script gives itself. */
const REFUSALS: ReadonlySet<string> = new Set<Reason>([
  "PushDenied",
  "PublishRefused",
  "ProtectedPath",
  "BranchMoved",
]);

function whyFailed(
  { step: { pod } = {} }: ObservedRun,
  said: { reason?: string; message?: string },
): Progress {
  const main = pod && podState.mainEnd(pod);
  const bad = (pod && podState.failedInit(pod)) ?? main;
  if (said.reason !== "DeadlineExceeded" && bad) {
    const report = bad.container === PUSH_CONTAINER ? parsePushReport(bad.end.message ?? "") : undefined;
    if (report?.kind === "refused") {
      const reason = REFUSALS.has(report.reason) ? (report.reason as Reason) : "PublishFailed";
      return failed(reason, report.message, bad.end.finishedAt);
    }
    const { reason, message } = initFailure(bad.container, bad.end);
    return failed(reason === "CloneFailed" ? "PublishFailed" : reason, message, bad.end.finishedAt);
  }
  const disrupted = pod && podState.disruption(pod);
  if (said.reason !== "DeadlineExceeded" && disrupted !== undefined) return failed("Evicted", disrupted);
  const why =
    said.reason === "DeadlineExceeded" ? TOO_LATE : (said.message ?? said.reason ?? "its Job failed");
  return failed("PublishFailed", why);
}

const TOO_LATE = `the work was not pushed within ${PUBLISH_DEADLINE_SECONDS} s`;

function onItsWay(observed: ObservedRun, job: JobState): Progress {
  const { step, defaults, now } = observed;
  const { pod } = step ?? {};
  const problem = startProblemOf({ ...step, defaults, now });
  if (problem?.fails?.afterMs === 0) {
    const { reason, message } = problem.fails.ending;
    return failed(reason, message);
  }
  const overdueAt =
    timeOf(job.metadata.creationTimestamp, now) + (PUBLISH_DEADLINE_SECONDS + MARGIN_SECONDS) * 1000;
  // A Job that is suspended has no deadline.
  if (now >= overdueAt && !job.suspended) return failed("PublishFailed", TOO_LATE);
  const leftMs = Math.max(1_000, overdueAt - now);
  const isAtWork = pod !== undefined && !podState.noneRunning(pod);
  const lookMs = Math.min(problem?.fails?.afterMs ?? RECHECK_MS, problem ? RECHECK_MS : SLOW_START_MS);
  return {
    state: "underWay",
    problem: problem && `${problem.reason}: ${problem.message}`,
    afterMs: isAtWork ? leftMs : Math.min(lookMs, leftMs),
  };
}

/** Creates the Job, or says what is missing. */
function startJob(observed: ObservedRun): RunPlan {
  const { run, references, refusal } = observed;
  if (refusal && !isTemporary(refusal) && refusal.reason !== "Forbidden") {
    return end(observed, { phase: "Failed", reason: refusal.reason, message: refusal.message });
  }
  if (refusal) return hold(observed, refusal.message, RECHECK_MS);
  const missing = missingSecret(publishNeeds(run), references);
  if (missing) return hold(observed, missing.message, RECHECK_MS);
  const publish = resolvePublish(observed);
  if (!publish) {
    const message = "the workspace of the run is gone, and its work with it";
    return end(observed, { phase: "Failed", reason: "PublishFailed", message });
  }
  const job = buildPublishJob(publish);
  return { ...NOTHING_TO_DO, create: [{ type: jobs, object: job }], requeue: { afterMs: SLOW_START_MS } };
}

/** The status says what holds the work up, or nothing any more. */
function hold(observed: ObservedRun, problem: string | undefined, afterMs: number): RunPlan {
  const { run, now } = observed;
  const next = publishingStatus(run, {}, now);
  const message = problem === undefined ? next.message : `${next.message}; it waits: ${problem}`;
  const isTold = run.status?.message === message;
  return {
    ...NOTHING_TO_DO,
    requeue: { afterMs },
    ...(isTold ? {} : { status: { ...next, message } }),
  };
}

function pushed(run: AgentRun, commit: string): StepEnd {
  const message = `${didOf(run)}; commit ${commit.slice(0, 12)} is pushed to branch ${publishedBranch(run)}`;
  return { phase: "Succeeded", reason: "Completed", told: "Published", message };
}

function nothing(run: AgentRun): StepEnd {
  const message = `${didOf(run)}; it left no commit to publish`;
  return { phase: "Succeeded", reason: "Completed", told: "NothingToPublish", message };
}

function didOf({ status: told }: AgentRun): string {
  const git = told?.result?.git;
  return git ? describeChange(git) : "the agent did its task";
}

function end(observed: ObservedRun, step: StepEnd): RunPlan {
  const { run, step: { job } = {}, now } = observed;
  const { phase, reason, message, published } = step;
  const completionTime = published?.at ?? step.at ?? timestamp(now);
  const told = step.told ?? reason;
  const stage = status.enterStage(run, status.endedStage(phase, reason, message), now);
  const next: AgentRunStatus = {
    ...stage,
    conditions: withCondition(run, stage, told === "Published" ? "True" : "False", told, message, now),
    completionTime,
    duration: status.durationOf(run, completionTime),
    ...(published && {
      published: { branch: publishedBranch(run), commit: published.commit, time: completionTime },
    }),
  };
  const goesOn = phase === "Failed" && job && !isDeleting(job) && !hasEnded(job);
  return {
    ...NOTHING_TO_DO,
    remove: goesOn ? [removal(job, "Background")] : [],
    events: eventsOf(run, next),
    status: next,
  };
}

function withCondition(
  run: AgentRun,
  { conditions }: AgentRunStatus,
  state: DesiredCondition["status"],
  reason: Reason,
  message: string,
  now: number,
): NonNullable<AgentRunStatus["conditions"]> {
  const observedGeneration = run.metadata.generation;
  return setConditions(
    conditions,
    [{ type: CONDITION, status: state, reason, message, observedGeneration }],
    timestamp(now),
  );
}
