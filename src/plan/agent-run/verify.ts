import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { ANNOTATION_ORIGIN } from "../../api/labels.ts";
import { MAX_RESULT_TEXT } from "../../api/bounds.ts";
import type { Reason } from "../../api/reasons.ts";
import { jobs, type Pod } from "../../kube/builtin.ts";
import { formatDuration } from "../../kube/duration.ts";
import { isDeleting } from "../../kube/objects.ts";
import { NOTHING_TO_DO } from "../../kube/plan.ts";
import { timeOf } from "../../kube/time.ts";
import { couldNotStart, initFailure } from "../jobs/init-failure.ts";
import { jobCondition, SLOW_START_MS, type JobState } from "../jobs/job-state.ts";
import * as podState from "../jobs/pod-state.ts";
import { SNAPSHOT_CONTAINER, VERIFY_CONTAINER } from "../specs/names.ts";
import { parseStepReport } from "../specs/step-report.ts";
import { cacheClaims } from "../specs/caches.ts";
import { buildVerifyJob, verifyDeadlineSeconds } from "../specs/verify-job.ts";
import { isCancelled } from "./cancel.ts";
import { eventsOf } from "./events.ts";
import { feedbackStatus } from "./feedback.ts";
import type { ObservedRun } from "./observed.ts";
import { publishingStage } from "./publish.ts";
import { attemptOf, resolveVerify, verifyTimeoutSeconds } from "./resolve-publish.ts";
import {
  again,
  CANCELLED,
  didOf,
  endRun,
  failedEnd,
  hold,
  onItsWay,
  refusalOf,
  type RunEnd,
  type RunPlan,
  stepOf,
  type StepStage,
  stepStatus,
  withConditions,
  WORKSPACE_GONE,
} from "./step.ts";

type Verification = NonNullable<AgentRunStatus["verification"]>;

/** What a run is shown as while its work is being judged. */
export function verifyingStage(run: AgentRun): StepStage {
  const { step, jobName } = stepOf(run);
  const what = step === "base" ? "what the work started from" : "the work";
  return { reason: "Verifying", condition: "Verified", message: `Job ${jobName} verifies ${what}` };
}

/** What is to be done about a run whose work is to be judged. */
export function planVerify(observed: ObservedRun): RunPlan {
  const { run, step: { job } = {} } = observed;
  if (isCancelled(run))
    return endRun(observed, failedEnd("Verified", { reason: "Cancelled", message: CANCELLED }));
  if (!job) return startJob(observed);
  // One of an attempt before.
  if (job.metadata.annotations?.[ANNOTATION_ORIGIN] !== attemptOf(run)) return again(observed);
  if (isDeleting(job)) return hold(observed, verifyingStage(run), {});
  const seen = seenOf(observed, job);
  switch (seen.state) {
    case "exited":
      return judge(observed, seen);
    case "again":
      return again(observed);
    case "lost":
      return beginAgain(observed, seen.message);
    case "underWay":
      return hold(observed, verifyingStage(run), seen);
    default:
      return close(observed, { verdict: seen.state, reason: seen.reason, message: seen.message });
  }
}

/** As often as a verification is begun again whose pod was deleted. */
const MAX_RESTARTS = 3;

/** Whoever deletes a pod decides nothing about the work, but whoever always does is not waited for. */
function beginAgain(observed: ObservedRun, message: string): RunPlan {
  const { run } = observed;
  const restarts = run.status?.verification?.restarts ?? 0;
  if (restarts >= MAX_RESTARTS)
    return close(observed, { verdict: "NotRun", reason: "VerificationNotRun", message });
  const told: AgentRunStatus = run.status ?? { phase: "Running" };
  return {
    ...again(observed),
    status: { ...told, verification: { ...told.verification, restarts: restarts + 1 } },
  };
}

type Seen =
  | { state: "again" }
  | { state: "lost"; message: string }
  | { state: "exited"; exitCode: number; facts: Verification }
  | { state: "underWay"; problem?: string; afterMs?: number }
  | { state: "TimedOut" | "NotRun"; reason: Reason; message: string };

function notRun(reason: Reason, message: string): Seen {
  return { state: "NotRun", reason, message };
}

/** What the node says of the command. Only its own exit code is a verdict. */
function seenOf(observed: ObservedRun, job: JobState): Seen {
  const { run, step: { pod } = {} } = observed;
  const said = jobCondition(job, "Failed") ?? jobCondition(job, "FailureTarget");
  const late = tooLate(run);
  if (pod?.status?.reason === "DeadlineExceeded" || said?.reason === "DeadlineExceeded") return late;
  const disrupted = pod && podState.disruption(pod);
  // The Job makes another pod for one that its node has lost.
  if (disrupted !== undefined) return said ? notRun("Evicted", disrupted) : { state: "underWay" };
  const main = pod && podState.mainEnd(pod);
  // Whoever deletes a pod, a queue or a user, decides nothing about the work; a queue's Job makes another one.
  if (pod && isDeleting(pod) && main?.end.exitCode !== 0) {
    return said ? { state: "lost", message: POD_DELETED } : { state: "underWay" };
  }
  const init = pod && podState.failedInit(pod);
  if (init) {
    const { reason, message } = initFailure(init.container, init.end);
    return notRun(reason === "CloneFailed" ? "VerificationNotRun" : reason, message);
  }
  if (main) return ended(observed, pod, main.end);
  if (said) return { state: "lost", message: said.message ?? said.reason ?? "its Job failed" };
  if (jobCondition(job, "Complete")) return { state: "again" };
  const way = onItsWay(observed, job, verifyDeadlineSeconds({ timeoutSeconds: verifyTimeoutSeconds(run) }));
  if (way.state === "tooLate") return late;
  return way.state === "failed" ? notRun(way.reason, way.message) : way;
}

const POD_DELETED = "the pod was deleted before the command of verify had ended";

function tooLate(run: AgentRun): Seen {
  const message = `the verification did not end within ${verifyTimeoutSeconds(run)} s`;
  return { state: "TimedOut", reason: "VerificationTimedOut", message };
}

function ended({ run, step }: ObservedRun, pod: Pod, end: podState.Terminated): Seen {
  // Also with exit code 0: a command whose child was killed has not seen all that it was to see.
  if (end.reason === "OOMKilled") {
    return notRun("OutOfMemory", `container ${VERIFY_CONTAINER} used more memory than its limit`);
  }
  if (couldNotStart(end)) {
    return notRun(
      "StartError",
      `the command of verify could not be started: ${end.message ?? "no reason given"}`,
    );
  }
  const commit = commitOf(pod);
  // A node that has removed the container shows its end without what it said. What is not known is not published as verified.
  if (commit === undefined) {
    return notRun(
      "VerificationNotRun",
      `it is not known which commit was verified: what container ${SNAPSHOT_CONTAINER} reported is lost`,
    );
  }
  const isSecret = run.spec.verify?.env?.some(({ valueFrom }) => valueFrom?.secretKeyRef) === true;
  const seconds = Math.round((timeOf(end.finishedAt, 0) - timeOf(end.startedAt, 0)) / 1000);
  const facts: Verification = {
    commit,
    duration: formatDuration(Math.max(0, seconds)),
    ...(isSecret || step?.output === undefined ? {} : { output: step.output.slice(-MAX_RESULT_TEXT) }),
  };
  return { state: "exited", exitCode: end.exitCode, facts };
}

/** As the container says that has checked it out. */
function commitOf(pod: Pod): string | undefined {
  const made = pod.status?.initContainerStatuses?.find(({ name }) => name === SNAPSHOT_CONTAINER);
  const report = parseStepReport(made?.state?.terminated?.message ?? "");
  return report?.kind === "done" ? report.commit : undefined;
}

function judge(observed: ObservedRun, { exitCode, facts }: Extract<Seen, { state: "exited" }>): RunPlan {
  const { run, now } = observed;
  const known = run.status?.verification;
  if (stepOf(run).step === "base") {
    const verification = { ...known, baseExitCode: exitCode };
    const failed = `the command of verify ended with exit code ${known?.exitCode}`;
    return exitCode === 0
      ? close(observed, {
          verdict: "Failed",
          reason: "VerificationFailed",
          message: `${failed}, and passes on what the work started from`,
          verification,
        })
      : close(observed, {
          verdict: "AlreadyFailing",
          reason: "AlreadyFailing",
          message: `${failed}, and with ${exitCode} on what the work started from too`,
          verification,
        });
  }
  const verification = { ...facts, exitCode };
  if (exitCode === 0) {
    const message = "the command of verify passed";
    return close(observed, { verdict: "Passed", reason: "VerificationPassed", message, verification });
  }
  if (run.spec.verify?.gate === "NoRegression") {
    const known = { ...run, status: { ...(run.status ?? { phase: "Running" as const }), verification } };
    const next = stepStatus(known, verifyingStage(known), now);
    return { ...NOTHING_TO_DO, status: next, requeue: { afterMs: 0 } };
  }
  const message = `the command of verify ended with exit code ${exitCode}`;
  return close(observed, { verdict: "Failed", reason: "VerificationFailed", message, verification });
}

interface Judgement {
  verdict: NonNullable<Verification["verdict"]>;
  reason: Reason;
  message: string;
  verification?: Verification;
}

/** The verdict is known: the run goes on or ends. */
function close(observed: ObservedRun, judgement: Judgement): RunPlan {
  const { run, now } = observed;
  const { verdict, reason, message } = judgement;
  const isPass = verdict === "Passed" || verdict === "AlreadyFailing";
  const verification = { ...run.status?.verification, ...judgement.verification, verdict };
  const conditions: RunEnd["conditions"] = [
    { type: "Verified", status: isPass ? "True" : "False", reason, message },
  ];
  const told =
    verdict === "Failed" ? feedbackStatus(observed, verification, { conditions, message }) : undefined;
  if (told) return { ...NOTHING_TO_DO, status: told, events: eventsOf(run, told), requeue: { afterMs: 0 } };
  if (!isPass && run.spec.verify?.gate !== "Informational") {
    return endRun(observed, { phase: "Failed", reason, message, conditions, more: { verification } });
  }
  if (!run.spec.publish) {
    const did = `${didOf(run)}; ${message}`;
    return endRun(observed, {
      phase: "Succeeded",
      reason: "Completed",
      message: did,
      conditions,
      more: { verification },
    });
  }
  const stage = stepStatus(run, publishingStage(run), now);
  const next = { ...withConditions(run, stage, conditions, now), verification };
  return { ...NOTHING_TO_DO, status: next, events: eventsOf(run, next), requeue: { afterMs: 0 } };
}

function startJob(observed: ObservedRun): RunPlan {
  const { run } = observed;
  const { step } = stepOf(run);
  const refusal = refusalOf(observed);
  if (refusal?.ends) {
    return close(observed, { verdict: "NotRun", reason: refusal.reason, message: refusal.message });
  }
  if (refusal) return hold(observed, verifyingStage(run), { problem: refusal.message });
  const verify = step === "publish" ? undefined : resolveVerify(observed, step);
  if (!verify) {
    return endRun(observed, failedEnd("Verified", { reason: "VerificationNotRun", message: WORKSPACE_GONE }));
  }
  const job = buildVerifyJob(verify);
  return {
    ...NOTHING_TO_DO,
    create: [...cacheClaims(verify.run.namespace, verify.caches), { type: jobs, object: job }],
    requeue: { afterMs: SLOW_START_MS },
  };
}
