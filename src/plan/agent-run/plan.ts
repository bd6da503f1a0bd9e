import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { FINALIZER_WORKTREE } from "../../api/labels.ts";
import type { Pod } from "../../kube/builtin.ts";
import { isDeleting } from "../../kube/objects.ts";
import { timeOf, timestamp } from "../../kube/time.ts";
import { factsOf } from "../specs/facts.ts";
import { NOTHING_TO_DO, type EventIntent, type Requeue, type Plan } from "../../kube/plan.ts";
import { cleansOnDelete, planAfterSuccess, planDeletion } from "./cleanup.ts";
import { removal } from "../jobs/removal.ts";
import { suspendedBy } from "../jobs/suspension.ts";
import { CANCELLED_EARLY, isCancelled, stopNow } from "./cancel.ts";
import { endingOf, jobDeleted, mayBePreempted, type Ending } from "./ending.ts";
import { eventsOf } from "./events.ts";
import { type ObservedRun } from "./observed.ts";
import { retryOf } from "../jobs/refusal.ts";
import { expiryOf } from "./expiry.ts";
import { isOver } from "./run-job.ts";
import { podLateInMs, type JobState, SLOW_START_MS } from "../jobs/job-state.ts";
import { givenUpAt, isLost } from "../jobs/lost-pod.ts";
import * as podState from "../jobs/pod-state.ts";
import { agentOf } from "./references.ts";
import { beginningOf } from "./beginning.ts";
import { isRecorded, nextAttempt, pauseLeft } from "./retry.ts";
import { modelProblem, untilNextLook } from "./model-retry.ts";
import { outcomeOf } from "./change.ts";
import { resultOf, usageOf } from "./result.ts";
import { startProblemOf, isPassed, isSlow, isSameMessage, suspensionOf } from "../jobs/start-up.ts";
import { afterAgentStatus, planSteps, stepsStatus } from "./steps.ts";
import * as status from "./status.ts";

/** For what comes with no watch: the events of a slow pod, room in a quota. */
const RECHECK_MS = 30_000;

/** As far ahead as a timer is worth it. */
const LONGEST_LOOK_MS = 24 * 3_600_000;

export type RunPlan = Plan<AgentRunStatus>;

/** What should be done about a run. The first step that has an answer decides. */
export function planRun(observed: ObservedRun): RunPlan {
  const plan = decide(observed);
  const { run } = observed;
  const holds = cleansOnDelete(run) && (run.status?.jobName !== undefined || plan.create.length > 0);
  return holds && !plan.finalizers ? { ...plan, finalizers: { [FINALIZER_WORKTREE]: true } } : plan;
}

function decide(observed: ObservedRun): RunPlan {
  return (
    deleting(observed) ??
    finished(observed) ??
    afterAgent(observed) ??
    refused(observed) ??
    jobGone(observed) ??
    cancelled(observed) ??
    replaced(observed) ??
    follow(observed) ??
    start(observed)
  );
}

type Step = (observed: ObservedRun) => RunPlan | undefined;

/** The garbage collector takes the children along. */
const deleting: Step = (observed) => (isDeleting(observed.run) ? planDeletion(observed) : undefined);

/**
 * Nothing of a finished run goes on: a Job that would still run, or never start, is removed; a pod that others hold open
 * is stopped. Else the Job stays, with the pod and its log.
 */
const finished: Step = (observed) => {
  const { run, job, pod, now } = observed;
  if (!status.isFinished(run)) return undefined;
  if (job && !isOver(run, job, pod)) return { ...NOTHING_TO_DO, remove: [removal(job, "Background")] };
  const plan = planAfterSuccess(observed) ?? { ...NOTHING_TO_DO, ...expiryOf(run, now) };
  return pod && podState.isHeldOpen(pod) ? { ...plan, patches: stopNow(pod, now) } : plan;
};

/** What follows the agent needs neither its Job nor its pod; one that others hold open is stopped. */
const afterAgent: Step = (observed) => {
  const { pod, now } = observed;
  const plan = planSteps(observed);
  return plan && pod && podState.isHeldOpen(pod) ? { ...plan, patches: stopNow(pod, now) } : plan;
};

/** A child could not be created: its name is taken, or the API server refuses it. */
const refused: Step = (observed) => {
  const { refusal } = observed;
  if (!refusal) return undefined;
  const { reason, message } = refusal;
  const requeue = retryOf(refusal);
  return requeue
    ? wait(observed, status.waitingStage(reason, message), requeue)
    : end(observed, { phase: "Failed", reason, message });
};

const jobGone: Step = (observed) => {
  const { run, job } = observed;
  const name = run.status?.jobName;
  return job || name === undefined ? undefined : end(observed, jobDeleted({ metadata: { name } }));
};

/** An agent at work is stopped as at its deadline, so that its work and what it cost are kept. */
const cancelled: Step = (observed) => {
  const { run, job, pod, now } = observed;
  if (!isCancelled(run)) return undefined;
  if (
    !pod ||
    isRecorded(run, job) ||
    (podState.agentStartedAt(pod) === undefined && !podState.failedInit(pod))
  ) {
    return end(observed, { phase: "Failed", reason: "Cancelled", message: CANCELLED_EARLY });
  }
  const plan = job && follow(observed);
  const patches = podState.isWorkDone(pod) ? [] : stopNow(pod, now);
  // Its pod is due earlier now than this plan has seen.
  return (
    plan &&
    (patches.length === 0 ? { ...plan, patches } : { ...plan, patches, requeue: { afterMs: RECHECK_MS } })
  );
};

/** The Job of a recorded attempt goes, and the next one's comes after a pause. Nobody waits for a pod that is lost. */
const replaced: Step = ({ run, job, pod, now }) => {
  if (job) {
    if (!isRecorded(run, job)) return undefined;
    const how = pod && isLost(pod, now) ? "Background" : "Foreground";
    return { ...NOTHING_TO_DO, remove: isDeleting(job) ? [] : [removal(job, how)] };
  }
  const leftMs = pauseLeft(run, now);
  return leftMs === 0 ? undefined : { ...NOTHING_TO_DO, requeue: { afterMs: leftMs } };
};

/** The Job exists: its pod decides. */
const follow: Step = (observed) => {
  const { job } = observed;
  return (
    job &&
    (adopt(observed, job) ??
      showSuspension(observed, job) ??
      showRunning(observed, job) ??
      showEnd(observed, job) ??
      showModel(observed, job) ??
      showStartUp(observed, job))
  );
};

/** The Job was created, but its run's status does not report it yet; its pod may be further already. */
function adopt(observed: ObservedRun, job: JobState): RunPlan | undefined {
  if (observed.run.status?.jobName !== undefined) return undefined;
  return { ...initializing(observed, job), requeue: { afterMs: 0 } };
}

/** A Job that is suspended while its pod works loses that pod, and gets another when it is resumed. */
function showSuspension(observed: ObservedRun, job: JobState): RunPlan | undefined {
  const { run, pod, now } = observed;
  const problem = pod && !isDeleting(pod) ? undefined : suspensionOf(job);
  if (!problem || mayBePreempted(run)) return undefined;
  const stage = status.enterStage(run, status.initializingStage(problem.reason, problem.message), now);
  return write(run, { ...stage, podName: undefined, startedAt: undefined }, { afterMs: RECHECK_MS });
}

/** Also for an agent that has already ended when its pod is first seen, so that no run skips the phase. */
function showRunning({ run, pod, now }: ObservedRun, job: JobState): RunPlan | undefined {
  const startedAt = pod && podState.agentStartedAt(pod);
  if (!pod || startedAt === undefined || run.status?.phase === "Running") return undefined;
  const fetch = podState.worktreeFetch(pod);
  const next = {
    ...status.enterStage(run, status.runningStage(), now),
    startedAt,
    podName: pod.metadata.name,
    ...(fetch?.at === undefined ? {} : { fetchedAt: fetch.at }),
  };
  const plan = write(run, next, {
    afterMs: podState.agentTermination(pod) ? 0 : nextRequeueMs(job, pod, now),
  });
  return fetch?.problem === undefined
    ? plan
    : { ...plan, events: [notFetched(fetch.problem), ...plan.events] };
}

function notFetched(problem: string): EventIntent {
  const note = `the worktree starts from what the workspace has, not from the remote's newest commit: ${problem}`;
  return { type: "Warning", reason: "RemoteNotAsked", action: "Start", note };
}

function showEnd(observed: ObservedRun, job: JobState): RunPlan | undefined {
  const ending = endingOf(observed, job);
  return ending && end(observed, ending);
}

/** That the model of an agent at work does not answer, and that it answers again. */
function showModel({ run, pod, recent, now }: ObservedRun, job: JobState): RunPlan | undefined {
  if (recent === undefined) return undefined;
  const stage = status.runningStage(modelProblem(factsOf(job).agent ?? "", recent));
  if (run.status?.reason === stage.reason && run.status.message === stage.message) return undefined;
  return write(run, status.enterStage(run, stage, now), { afterMs: nextRequeueMs(job, pod, now) });
}

/** On the way to the agent. What goes as it should is not written: the run is Initializing already. */
function showStartUp(observed: ObservedRun, job: JobState): RunPlan {
  const { run, pod, now } = observed;
  const problem = startProblemOf(observed);
  if (problem?.fails?.afterMs === 0) return end(observed, problem.fails.ending);
  const { reason, message } = run.status ?? {};
  const nextMs = nextRequeueMs(job, pod, now);
  if (pod && podState.isInSetup(pod)) return showSetup(observed, nextMs);
  if (!problem) {
    const plan = isPassed(reason, observed) ? initializing(observed, job) : NOTHING_TO_DO;
    return { ...plan, requeue: { afterMs: nextMs } };
  }
  const requeue = { afterMs: Math.min(problem.fails?.afterMs ?? RECHECK_MS, nextMs) };
  if (reason === problem.reason && isSameMessage(message, problem.message))
    return { ...NOTHING_TO_DO, requeue };
  const stage = status.initializingStage(problem.reason, problem.message);
  return write(run, status.enterStage(run, stage, now), requeue);
}

function showSetup({ run, now }: ObservedRun, nextMs: number): RunPlan {
  const requeue = { afterMs: nextMs };
  if (run.status?.reason === "SettingUp") return { ...NOTHING_TO_DO, requeue };
  const message = "setup prepares the checkout; its output is that of container setup";
  return write(run, status.enterStage(run, status.initializingStage("SettingUp", message), now), requeue);
}

/** The watch reports what goes on; a pod that is stuck, or whose node is gone, shows nothing. */
function nextRequeueMs(job: JobState, pod: Pod | undefined, now: number): number {
  if (!pod) return podLateInMs(job, now) || RECHECK_MS;
  const leftMs = Math.max(1_000, (givenUpAt(pod) ?? Number.POSITIVE_INFINITY) - now);
  const isAtWork = !podState.noneRunning(pod) && !podState.isPodFinished(pod);
  return Math.min(leftMs, isAtWork ? nextLookMs(pod, now) : isSlow(pod, now) ? RECHECK_MS : SLOW_START_MS);
}

function nextLookMs(pod: Pod, now: number): number {
  const startedAt = podState.agentStartedAt(pod);
  return startedAt === undefined ? LONGEST_LOOK_MS : untilNextLook(timeOf(startedAt, now), now);
}

function initializing({ run, now }: ObservedRun, job: JobState): RunPlan {
  const problem = suspensionOf(job);
  const stage = status.initializingStage(
    problem?.reason ?? "JobCreated",
    problem?.message ?? `Job ${job.metadata.name} is created; its pod clones the repository`,
  );
  const { startTime, timeout } = run.status ?? {};
  const first = run.status?.attempts ? { startTime, timeout } : {};
  return write(
    run,
    { ...status.enterStage(run, stage, now), ...status.jobStatus(job, now), ...first },
    { afterMs: SLOW_START_MS },
  );
}

/** Creates the children, or says what is missing, or whose turn it is. */
function start(observed: ObservedRun): RunPlan {
  const beginning = beginningOf(observed);
  switch (beginning.what) {
    case "records":
      return write(
        observed.run,
        { ...observed.run.status, phase: "Pending", ...beginning.facts },
        { afterMs: 0 },
      );
    case "joins":
      return { ...NOTHING_TO_DO, patches: [beginning.patch], requeue: { afterMs: 0 } };
    case "replaces":
      return { ...NOTHING_TO_DO, patches: beginning.patches, requeue: { afterMs: 0 } };
    case "enters": {
      const { create, patches } = beginning;
      return { ...NOTHING_TO_DO, create, patches, requeue: { afterMs: 0 } };
    }
    case "waits":
      return wait(observed, status.waitingStage(beginning.reason, beginning.message), "onChange");
    case "queued":
      return wait(observed, status.queuedStage(beginning.message), { afterMs: beginning.lookAgainMs });
    case "fails":
      return end(observed, { phase: "Failed", reason: beginning.reason, message: beginning.message });
    case "goesToSteps":
      return write(observed.run, stepsStatus(observed.run, observed.now), { afterMs: 0 });
    case "starts": {
      const { job, create, warnings } = beginning;
      const plan = initializing(observed, { ...job, suspended: suspendedBy(job) });
      return { ...plan, create, events: [...warnings, ...plan.events] };
    }
  }
}

function wait({ run, references, now }: ObservedRun, stage: status.Stage, requeue: Requeue): RunPlan {
  return write(
    run,
    { ...status.enterStage(run, stage, now), agent: agentOf(run, references.config) },
    requeue,
  );
}

function end(observed: ObservedRun, ending: Ending): RunPlan {
  const { run, job, pod, now } = observed;
  const again = nextAttempt(observed, ending);
  if (again) return write(run, again, { afterMs: 0 });
  const { phase, reason, message, exitCode, git } = ending;
  const result = resultOf(ending, run.spec);
  const completionTime = ending.at ?? timestamp(now);
  const facts = {
    agent: run.status?.agent ?? agentOf(run, observed.references.config),
    podName: pod?.metadata.name ?? run.status?.podName,
    exitCode,
    outcome: outcomeOf(git),
    branch: git?.branch ?? run.status?.branch,
    result,
    usage: usageOf([...(run.status?.attempts ?? []).map((attempt) => attempt.result), result]),
  };
  const next = phase === "Succeeded" ? afterAgentStatus(run, now) : undefined;
  if (next) return write(run, { ...next, ...facts, agentEndedAt: completionTime }, { afterMs: 0 });
  const stage = status.enterStage(run, status.endedStage(phase, reason, message), now);
  return write(
    run,
    { ...stage, ...facts, completionTime, duration: status.durationOf(run, completionTime) },
    job && (!isOver(run, job, pod) || (pod && podState.isHeldOpen(pod))) ? { afterMs: 0 } : "onChange",
  );
}

function write(run: AgentRun, next: AgentRunStatus, requeue: Requeue): RunPlan {
  return { ...NOTHING_TO_DO, status: next, events: eventsOf(run, next), requeue };
}
