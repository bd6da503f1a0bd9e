import type { AgentRun } from "../../api/agent-run.ts";
import { FORGE_REFUSALS, PUSH_REFUSALS } from "../../api/publish-reasons.ts";
import type { Reason } from "../../api/reasons.ts";
import { jobs } from "../../kube/builtin.ts";
import { isDeleting } from "../../kube/objects.ts";
import { NOTHING_TO_DO } from "../../kube/plan.ts";
import { timestamp } from "../../kube/time.ts";
import { initFailure } from "../jobs/init-failure.ts";
import { jobCondition, SLOW_START_MS, type JobState } from "../jobs/job-state.ts";
import * as podState from "../jobs/pod-state.ts";
import { PULL_REQUEST_CONTAINER, PUSH_CONTAINER, stepJobName } from "../specs/names.ts";
import { buildPublishJob, PUBLISH_DEADLINE_SECONDS } from "../specs/publish-job.ts";
import { parseStepReport, type ReportedPullRequest } from "../specs/step-report.ts";
import { isCancelled } from "./cancel.ts";
import type { ObservedRun } from "./observed.ts";
import { missingSecret } from "./obstacles.ts";
import { publishNeeds } from "./references.ts";
import { publishedBranch, resolvePublish } from "./resolve-publish.ts";
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
  type StepStage,
  WORKSPACE_GONE,
} from "./step.ts";

/** What a run is shown as while its work is being published. */
export function publishingStage(run: AgentRun): StepStage {
  const job = stepJobName(run.metadata.name ?? "", "publish");
  const then = run.spec.publish?.pullRequest ? " and opens a pull request for it" : "";
  const message = `Job ${job} pushes the work to branch ${publishedBranch(run)}${then}`;
  return { reason: "Publishing", condition: "Published", message };
}

/** What is to be done about a run whose work is to be published. */
export function planPublish(observed: ObservedRun): RunPlan {
  const { run } = observed;
  const progress = progressOf(observed);
  switch (progress.state) {
    case "pushed":
      return endRun(observed, pushed(observed, progress));
    case "nothing":
      return endRun(observed, succeeded("NothingToPublish", `${didOf(run)}; it left no commit to publish`));
    case "failed":
      return endRun(observed, { ...failedEnd("Published", progress), ...alreadyPushed(observed) });
    case "again":
      return again(observed);
    case "underWay":
      return hold(observed, publishingStage(run), progress);
    case "absent":
      return startJob(observed);
  }
}

type Progress =
  | { state: "absent" | "nothing" | "again" }
  | { state: "pushed"; commit: string; at?: string; pullRequest?: ReportedPullRequest }
  | { state: "underWay"; problem?: string; afterMs?: number }
  | { state: "failed"; reason: Reason; message: string; at?: string };

/** What the pod says counts, whatever its Job knows of it yet. */
function progressOf(observed: ObservedRun): Progress {
  const { run, step: { job, pod } = {} } = observed;
  const main = pod && podState.mainEnd(pod);
  const report = main && parseStepReport(main.end.message ?? "");
  if (main?.end.exitCode === 0 && report?.kind === "done") {
    return {
      state: "pushed",
      commit: report.commit,
      at: main.end.finishedAt,
      pullRequest: report.pullRequest,
    };
  }
  if (isCancelled(run)) return failed("Cancelled", `${CANCELLED}; a push may have come through`);
  if (!job) return { state: "absent" };
  if (main?.end.exitCode === 0) {
    return report?.kind === "nothing"
      ? { state: "nothing" }
      : failed("PublishFailed", `container ${main.container} has not reported what it did`);
  }
  if (isDeleting(job)) return { state: "underWay" };
  // Its pod is gone with its report; another one finds the branch as it should be.
  if (jobCondition(job, "Complete")) return { state: "again" };
  const said = jobCondition(job, "Failed") ?? jobCondition(job, "FailureTarget");
  return said ? whyFailed(observed, said) : notEnded(observed, job);
}

function notEnded(observed: ObservedRun, job: JobState): Progress {
  const way = onItsWay(observed, job, PUBLISH_DEADLINE_SECONDS);
  return way.state === "tooLate" ? failed("PublishFailed", TOO_LATE) : way;
}

function failed(reason: Reason, message: string, at?: string): Progress {
  return { state: "failed", reason, message, ...(at === undefined ? {} : { at }) };
}

/** Reasons that the containers give themselves, each its own. */
const REFUSALS: Readonly<Record<string, ReadonlySet<string>>> = {
  [PUSH_CONTAINER]: new Set(PUSH_REFUSALS),
  [PULL_REQUEST_CONTAINER]: new Set(FORGE_REFUSALS),
};

function whyFailed(
  { step: { pod } = {} }: ObservedRun,
  said: { reason?: string; message?: string },
): Progress {
  const main = pod && podState.mainEnd(pod);
  const bad = (pod && podState.failedInit(pod)) ?? main;
  if (said.reason !== "DeadlineExceeded" && bad) {
    const known = REFUSALS[bad.container];
    const report = known && parseStepReport(bad.end.message ?? "");
    if (report?.kind === "refused") {
      const reason = known?.has(report.reason) ? (report.reason as Reason) : "PublishFailed";
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

/** Creates the Job, or says what is missing. */
function startJob(observed: ObservedRun): RunPlan {
  const { run, references } = observed;
  const refusal = refusalOf(observed);
  if (refusal?.ends) return endRun(observed, failedEnd("Published", refusal));
  const missing = refusal ?? missingSecret(publishNeeds(run), references);
  if (missing) return hold(observed, publishingStage(run), { problem: missing.message });
  const publish = resolvePublish(observed);
  if (!publish) {
    return endRun(observed, failedEnd("Published", { reason: "PublishFailed", message: WORKSPACE_GONE }));
  }
  const job = buildPublishJob(publish);
  return { ...NOTHING_TO_DO, create: [{ type: jobs, object: job }], requeue: { afterMs: SLOW_START_MS } };
}

function succeeded(reason: "Published" | "NothingToPublish", message: string): RunEnd {
  const status = reason === "Published" ? "True" : "False";
  const conditions: RunEnd["conditions"] = [{ type: "Published", status, reason, message }];
  return { phase: "Succeeded", reason: "Completed", message, conditions };
}

function pushed(
  { run, now }: ObservedRun,
  { commit, at, pullRequest }: Extract<Progress, { state: "pushed" }>,
): RunEnd {
  const branch = publishedBranch(run);
  const { number, url, problem } = pullRequest ?? {};
  const opened = number === undefined ? "" : `, for which pull request ${number} is open`;
  const lacks = problem === undefined ? "" : `; ${problem}`;
  const message = `${didOf(run)}; commit ${commit.slice(0, 12)} is pushed to branch ${branch}${opened}${lacks}`;
  const shown = number === undefined || url === undefined ? {} : { pullRequest: { number, url } };
  const published = { branch, commit, time: at ?? timestamp(now), ...shown };
  return { ...succeeded("Published", message), at, more: { published } };
}

/** What was pushed stays so, whatever has become of its pull request. */
function alreadyPushed({ run, step: { pod } = {}, now }: ObservedRun): Pick<RunEnd, "more"> {
  const end = pod && podState.endOf(pod, PUSH_CONTAINER);
  const report = end?.exitCode === 0 ? parseStepReport(end.message ?? "") : undefined;
  if (report?.kind !== "done") return {};
  const time = end?.finishedAt ?? timestamp(now);
  return { more: { published: { branch: publishedBranch(run), commit: report.commit, time } } };
}
