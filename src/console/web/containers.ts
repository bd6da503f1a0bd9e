import type { AgentRun } from "../../api/agent-run.ts";
import type { ContainerStatus, Job, Pod } from "../../kube/builtin.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { jobCondition } from "../../plan/jobs/job-state.ts";
import { shortDuration } from "./rows.ts";

/** A container of a pod, as people ask about it. */
export interface ContainerView {
  name: string;
  mark: "waits" | "runs" | "done" | "failed";
  /** Such as `exit code 1, after 12s`. */
  state: string;
  /** Whether there can be a log. */
  hasStarted: boolean;
  hasEnded: boolean;
}

/** The containers in the order in which they start. */
export function containersOf({ spec, status }: Pod): ContainerView[] {
  const known = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) =>
    viewOf(
      name,
      known.find((each) => each.name === name),
    ),
  );
}

function viewOf(name: string, status: ContainerStatus | undefined): ContainerView {
  const { running, terminated, waiting } = status?.state ?? {};
  const restarts = status?.restartCount ? `, ${status.restartCount} restarts` : "";
  if (terminated) {
    const { exitCode, reason = "", startedAt = "", finishedAt = "" } = terminated;
    const took = Date.parse(finishedAt) - Date.parse(startedAt);
    const after = Number.isNaN(took) ? "" : `, after ${shortDuration(took)}`;
    const why =
      exitCode === 0
        ? "ended"
        : [`exit code ${exitCode}`, reason === "Error" ? "" : reason].filter(Boolean).join(", ");
    const mark = exitCode === 0 ? "done" : "failed";
    return { name, mark, state: `${why}${after}${restarts}`, hasStarted: true, hasEnded: true };
  }
  if (running) return { name, mark: "runs", state: `at work${restarts}`, hasStarted: true, hasEnded: false };
  const why = [waiting?.reason === "PodInitializing" ? "" : waiting?.reason, waiting?.message]
    .filter(Boolean)
    .join(": ");
  return {
    name,
    mark: "waits",
    state: why === "" ? "has not started" : why,
    hasStarted: false,
    hasEnded: false,
  };
}

/** In one word, what the Job has come to. */
export function jobState(job: Job): string {
  if (jobCondition(job, "Complete")) return "complete";
  if (jobCondition(job, "Failed")) return "failed";
  return job.spec.suspend === true ? "suspended" : "active";
}

/** Why a run has neither a Job nor a pod. */
export function whyNoJob(run: AgentRun): string {
  const { startTime, reason } = run.status ?? {};
  if (isFinished(run))
    return startTime === undefined
      ? "It ended before it had a Job."
      : "Its Jobs and pods are gone: they are kept for a while after the run has ended.";
  if (startTime !== undefined)
    return "It has no Job at the moment: the next one is made soon, or the run ends because its Job was deleted.";
  return reason === undefined
    ? "It has no Job yet: the operator has not seen it."
    : `It has no Job yet: it waits (${reason}).`;
}

/** Why a Job has no pod. */
export function whyNoPod(job: Job): string {
  const state = jobState(job);
  if (state === "suspended") return "It is suspended: it gets a pod once it is admitted.";
  return state === "active" ? "It has no pod at the moment." : "Its pod is gone.";
}
