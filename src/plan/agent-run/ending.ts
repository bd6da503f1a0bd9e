import { agentNamed } from "../../agents/registry.ts";
import type { AgentReport } from "../../agents/agent.ts";
import type { AgentRun, AgentRunPhase } from "../../api/agent-run.ts";
import type { Reason } from "../../api/reasons.ts";
import type { Pod } from "../../kube/builtin.ts";
import { isDeleting } from "../../kube/objects.ts";
import { factsOf } from "../specs/facts.ts";
import {
  lastWordsIn,
  parseGitReport,
  parseInvalidImage,
  parseRepositoryReports,
  type RepositoryReport,
  wasStalled,
  type GitReport,
} from "../specs/git-report.ts";
import { isCancelled, wasStoppedByCancel } from "./cancel.ts";
import { explainAgentError, isExplained, otherFailure } from "./agent-failure.ts";
import { describeChange } from "./change.ts";
import type { ObservedRun } from "./observed.ts";
import { jobCondition, wasSuspended, type JobState } from "../jobs/job-state.ts";
import { wrongData } from "./result-data.ts";
import { deadServices } from "../jobs/services.ts";
import { isLost } from "../jobs/lost-pod.ts";
import { couldNotStart, initFailure } from "../jobs/init-failure.ts";
import { timeOf } from "../../kube/time.ts";
import * as podState from "../jobs/pod-state.ts";

/** How a run ended, before it is put into status. */
export interface Ending {
  phase: AgentRunPhase;
  reason: Reason;
  message: string;
  exitCode?: number;
  /** RFC 3339; absent: now. */
  at?: string;
  report?: AgentReport;
  git?: GitReport;
  repositories?: RepositoryReport[];
}

/** Time that a stopped pod's containers get to end before the run is ended without their last words. */
const LAST_WORDS_MS = 90_000;

/**
 * The end of a run whose Job exists, or undefined while it goes on. A run ends when its agent has ended or its pod is
 * terminal, gone or given up, whether or not the Job already says so.
 */
export function endingOf(observed: ObservedRun, job: JobState): Ending | undefined {
  const ending = judge(observed, job);
  const dead = observed.pod ? deadServices(observed.pod) : "";
  return ending && { ...ending, message: `${ending.message}${dead}` };
}

function judge(observed: ObservedRun, job: JobState): Ending | undefined {
  const { pod, run, now } = observed;
  if (!pod) return run.status?.podName === undefined ? endWithoutPod(job) : podGone(job, run);
  if (isDeleting(pod) && wasSuspended(job, pod))
    return mayBePreempted(run) ? preempted(observed, job, pod) : undefined;
  const init = podState.failedInit(pod);
  const end = podState.agentTermination(pod);
  if (init || end) return observedEnd(observed, job, pod);
  if (podState.isPodFinished(pod)) {
    return stoppedLongEnough(pod, now) ? (stoppedFromOutside(job, pod) ?? endedEarly(pod)) : undefined;
  }
  return isLost(pod, now) ? lostEnd(job, pod) : undefined;
}

/** Whether the suspension of the Job ends an attempt: its queue has taken back the place of an agent at work. */
export function mayBePreempted({ spec, status }: AgentRun): boolean {
  return spec.queueName !== undefined && status?.startedAt !== undefined;
}

/** Once its agent has ended, who may have finished its task in this very moment. */
function preempted(observed: ObservedRun, job: JobState, pod: Pod): Ending | undefined {
  if (!podState.agentTermination(pod) && !isLost(pod, observed.now)) return undefined;
  const end = observedEnd(observed, job, pod);
  return end.phase === "Succeeded" ? end : { ...end, ...preemption(observed.run) };
}

function preemption({ metadata, spec }: AgentRun): Verdict {
  return isCancelled({ metadata })
    ? failure("Cancelled", "the run was cancelled; what the agent has done so far is kept")
    : failure("Preempted", `queue ${spec.queueName} has given the run's place to others`);
}

/** The node of a run's pod has not reported its end, and will not any more. */
function lostEnd(job: JobState, pod: Pod): Ending {
  const node = pod.spec.nodeName === undefined ? "no node" : `node ${pod.spec.nodeName}`;
  const { phase, reason, message } = deletionOf(job, pod) ?? timedOut(job, pod);
  return { phase, reason, message: `${message}; ${node} has not reported how it ended` };
}

function endedEarly(pod: Pod): Verdict {
  const other = podState.failedOther(pod);
  if (!other)
    return failure("AgentFailed", pod.status?.message ?? "the pod ended before the agent could start");
  const words = other.end.message?.trim() ?? "";
  const who = `container ${other.container}, which is not of this operator, ended with exit code ${other.end.exitCode}`;
  return failure("StartError", words === "" ? who : `${who}: ${words}`);
}

function observedEnd(observed: ObservedRun, job: JobState, pod: Pod): Ending {
  const end = podState.agentTermination(pod);
  const report = agentReport(observed, job, end?.message ?? "");
  const git = end?.message === undefined ? undefined : parseGitReport(end.message);
  const known = observed.run.spec.additionalRepositories?.map(({ name }) => name) ?? [];
  const repositories = parseRepositoryReports(end?.message ?? "", known);
  const facts = { report, git, repositories, exitCode: end?.exitCode, at: end?.finishedAt };
  const outside = stoppedFromOutside(job, pod);
  if (outside) return { ...outside, ...facts };
  const init = podState.failedInit(pod);
  if (init) return { ...initFailure(init.container, init.end), at: init.end.finishedAt };
  return end ? { ...agentEnd(observed, job, end, report, git), ...facts } : endedEarly(pod);
}

/** The one place where an agent is judged. Of a log that is gone its last words are left, but not what it has used. */
function agentReport({ output }: ObservedRun, job: JobState, message: string): AgentReport | undefined {
  const agent = agentNamed(factsOf(job).agent ?? "");
  const words = lastWordsIn(message);
  if (output && "tail" in output) return agent?.parseOutput(`${words ?? ""}\n${output.tail}`);
  if (words === undefined) return undefined;
  const report = agent?.parseOutput(words);
  return report && { ok: report.ok, sessionId: report.sessionId, error: report.error };
}

type Verdict = Pick<Ending, "phase" | "reason" | "message">;

/** Deadline, eviction and deletion explain an exit code that would otherwise read as the agent's own. */
function stoppedFromOutside(job: JobState, pod: Pod): Verdict | undefined {
  if (pod.status?.reason === "DeadlineExceeded") return timedOut(job, pod);
  // An agent that has done its task is not undone by what removes its pod afterwards.
  return podState.agentTermination(pod)?.exitCode === 0 ? undefined : deletionOf(job, pod);
}

function timedOut(job: JobState, pod: Pod): Verdict {
  if (wasStoppedByCancel(job, pod)) {
    return failure("Cancelled", "the run was cancelled; what the agent has done so far is kept");
  }
  const doing =
    podState.agentStartedAt(pod) !== undefined
      ? "while the agent was at work"
      : podState.isInSetup(pod)
        ? "while setup was at work"
        : "before the agent had started";
  const timeout = pod.spec.activeDeadlineSeconds ?? "?";
  return deadlinePassed(`the timeout of ${timeout}s passed ${doing}`);
}

function deadlinePassed(message: string): Verdict {
  return { phase: "TimedOut", reason: "DeadlineExceeded", message };
}

/** Who removes a pod: Kubernetes itself, its Job at the Job's deadline or deletion, or somebody. */
function deletionOf(job: JobState, pod: Pod): Verdict | undefined {
  const disruption = podState.disruption(pod);
  if (disruption !== undefined) return failure("Evicted", disruption);
  if (!isDeleting(pod)) return undefined;
  if (isDeleting(job)) return jobDeleted(job);
  const overdue = jobCondition(job, "FailureTarget") ?? jobCondition(job, "Failed");
  if (overdue?.reason === "DeadlineExceeded") return timedOut(job, pod);
  return failure("PodDeleted", "the pod was deleted before the agent had ended");
}

/** The Job of a run went before the agent had ended. */
export function jobDeleted({ metadata }: Pick<JobState, "metadata">): Verdict {
  return failure("JobDeleted", `Job ${metadata.name} was deleted before the agent had ended`);
}

function stoppedLongEnough(pod: Pod, now: number): boolean {
  if (podState.noneRunning(pod)) return true;
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime;
  return now - timeOf(ready ?? pod.status?.startTime, now) > LAST_WORDS_MS;
}

function agentEnd(
  observed: ObservedRun,
  job: JobState,
  end: podState.Terminated,
  report: AgentReport | undefined,
  git: GitReport | undefined,
): Verdict {
  if (isKilledForMemory(end)) {
    return failure("OutOfMemory", "the agent used more memory than its limit and was killed");
  }
  if (couldNotStart(end))
    return failure("StartError", `the agent could not be started: ${end.message ?? "no reason given"}`);
  if (wasStalled(end.message ?? "")) {
    const message = "the agent wrote nothing and did no work for the run's stallTimeout, and was stopped";
    return { phase: "TimedOut", reason: "Stalled", message };
  }
  const unfit = parseInvalidImage(end.message ?? "");
  if (unfit) return failure(unfit.reason, unfit.message);
  if (end.exitCode === 0 && report?.ok) {
    const { resultSchema } = observed.run.spec;
    const wrong = resultSchema === undefined ? undefined : wrongData(resultSchema, report);
    return wrong === undefined ? completed(observed, git) : failure("AgentError", wrong);
  }
  const { reason, message } = report?.error
    ? explainAgentError(report.error, factsOf(job), end.exitCode)
    : otherFailure(end.exitCode, unavailable(observed));
  return end.reason === "OOMKilled" && !isExplained(report?.error)
    ? failure(
        "OutOfMemory",
        `a program of the agent's used more memory than the limit and was killed; ${message}`,
      )
    : failure(reason, message);
}

/** A kubelet reports OOMKilled also if only a child was killed: the container's first process then ends by itself. */
function isKilledForMemory({ reason, exitCode }: podState.Terminated): boolean {
  return reason === "OOMKilled" && exitCode === 137;
}

function failure(reason: Reason, message: string): Verdict {
  return { phase: "Failed", reason, message };
}

function completed({ output }: ObservedRun, git: GitReport | undefined): Verdict {
  const did = git ? describeChange(git) : "the agent did its task; what it changed is not known";
  const result =
    output && "tail" in output ? "" : "; its log was gone before its tokens and cost could be read";
  return { phase: "Succeeded", reason: "Completed", message: did + result };
}

function unavailable({ output }: ObservedRun): string {
  return output && "missing" in output
    ? `its log could not be read: ${output.missing}`
    : "it reported no result";
}

/** No pod was ever seen. */
function endWithoutPod(job: JobState): Ending | undefined {
  if (isDeleting(job)) return jobDeleted(job);
  const failed = jobCondition(job, "Failed");
  if (failed?.reason === "DeadlineExceeded") {
    return deadlinePassed("the deadline passed before a pod could start");
  }
  if (failed) {
    const said = failed.message ?? failed.reason;
    return failure("PodDeleted", `the pod was gone before its end was seen; the Job says: ${said}`);
  }
  return jobCondition(job, "Complete") ? podGone(job) : undefined;
}

/** The pod was there once. What it left in the claim stays; its result cannot be known any more. */
function podGone(job: JobState, run?: AgentRun): Ending | undefined {
  if (job.suspended) return run && mayBePreempted(run) ? preemption(run) : undefined;
  if (isDeleting(job)) return jobDeleted(job);
  const failed = jobCondition(job, "Failed") ?? jobCondition(job, "FailureTarget");
  if (failed?.reason === "DeadlineExceeded") return deadlinePassed(failed.message ?? "the timeout passed");
  const verdict = jobCondition(job, "Complete") ? "; the Job says that it completed" : "";
  return failure("PodDeleted", `the pod is gone and its result could not be read${verdict}`);
}
