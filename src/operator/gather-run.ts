import { configOf, newestPod, ownJob, podOf, type GatherContext } from "./gather-context.ts";
import { gatherContinuation, runsOfPlace } from "./gather-continuation.ts";
import { gatherPod, missingPodWarning, startWarnings } from "./gather-pod.ts";
import { readJudgement } from "./pod-output.ts";
import { gatherReferences } from "./gather-references.ts";
import { readNow } from "./version-reads.ts";
import { LABEL_RUN } from "../api/labels.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { configMaps } from "../kube/builtin.ts";
import { isDeleting, type KubeObject } from "../kube/objects.ts";
import { isLimited, starterKeyOf } from "../plan/agent-run/concurrency.ts";
import { startsOf } from "../plan/agent-run/hourly-limit.ts";
import { isCleanupDue } from "../plan/agent-run/cleanup.ts";
import type { ObservedCleanup, ObservedRun, ObservedStep, References } from "../plan/agent-run/observed.ts";
import { isJobStatusNeeded } from "../plan/agent-run/run-job.ts";
import { isAfterAgent, stepOf } from "../plan/agent-run/step.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import { hasJudged, isPodFinished } from "../plan/jobs/pod-state.ts";
import { isSlow } from "../plan/jobs/start-up.ts";
import { cleanupJobName, RUN_STEPS, runJobName, stepJobName } from "../plan/specs/names.ts";
import * as reference from "./reference-names.ts";

/** Everything that planning the run of this key needs; undefined when it no longer exists. */
export async function gatherRun(
  context: GatherContext,
  key: string,
  now: number,
): Promise<ObservedRun | undefined> {
  const { caches, dependencies, defaults } = context;
  const run = caches.runs.get(key);
  const known = run && ownJob(caches.runJobs, run, runJobName(run.metadata.name ?? ""));
  if (!run || isFinished(run) || known) dependencies.forget(key);

  // Gone.
  if (!run) return undefined;
  const children = known ? await gatherChildren(context, run, known, now) : {};
  const cleanup = gatherCleanup(context, run, key);
  const observed = { run, defaults, ...children, now, cleanup, references: NONE };

  // Finished, or being deleted.
  if (!isGoingOn(run)) return observed;

  // Its agent has succeeded.
  if (isAfterAgent(run)) {
    const step = { ...(await gatherStep(context, run, now)), runsOfPlace: runsOfPlace(caches, run) };
    return { ...observed, step, references: await gatherReferences(context, run, key) };
  }

  // Has a Job.
  const { job, pod } = children;
  if (job) return { ...observed, ...(pod && (await gatherPod(context, run, pod, now))) };

  // Waits for its references, or starts.
  const references = await gatherReferences(context, run, key);
  return {
    ...observed,
    warning: undefined,
    references,
    continuation: await gatherContinuation(context, run),
    ...(isLimited(run) && (await gatherSiblings(context, run))),
  };
}

/** First the record: who enters itself there later is still seen among the siblings. */
async function gatherSiblings(
  { client, caches }: GatherContext,
  run: AgentRun,
): Promise<Pick<ObservedRun, "siblings" | "starts">> {
  const at = startsOf(run);
  const starts = at && (await readNow(client, configMaps, at));
  return { starts, siblings: starterKeyOf(run).flatMap((of) => [...caches.runs.by("starter", of)]) };
}

function isGoingOn(run: AgentRun): boolean {
  return !isFinished(run) && !isDeleting(run);
}

/** Of a run that needs its references no more, or not yet again. */
const NONE: References = { secrets: new Map() };

/** The run's Job, with its status if only that can show how the run goes; its newest pod, or why it has none. */
async function gatherChildren(
  context: GatherContext,
  run: AgentRun,
  job: KubeObject,
  now: number,
): Promise<Pick<ObservedRun, "job" | "pod" | "warning">> {
  const pod = newestPod(context.caches, job);
  const awaitsPod = !pod && isGoingOn(run) && run.status?.podName === undefined;
  const warning = awaitsPod ? await missingPodWarning(context, job, now) : undefined;
  const isNeeded = isJobStatusNeeded(run, job, { pod, warning, now });
  const state = isNeeded ? await context.jobStates(job) : job;
  const isMissing = !pod && state && isGoingOn(run);
  return { job: state, pod: isMissing ? await podOf(context, state) : pod, warning };
}

/** The Job that follows the agent, its newest pod, and what holds that up. */
async function gatherStep(context: GatherContext, run: AgentRun, now: number): Promise<ObservedStep> {
  const job = ownJob(context.caches.workspaceJobs, run, stepOf(run).jobName);
  if (!job) return {};
  const pod = await podOf(context, job);
  if (!pod) return { job, warning: await missingPodWarning(context, job, now) };
  const isHeldUp = isSlow(pod, now) && !isPodFinished(pod);
  const output = hasJudged(pod) ? await readJudgement(context.client, pod) : undefined;
  return { job, pod, output, ...(isHeldUp && (await startWarnings(context, run, pod))) };
}

/** What the removal of the run's worktree needs, and the workspace remembered: without it there is nothing to remove. */
function gatherCleanup(
  { caches, dependencies }: GatherContext,
  run: AgentRun,
  key: string,
): ObservedCleanup | undefined {
  const { namespace = "", name = "" } = run.metadata;
  const { workspaceRef } = run.spec;
  if (workspaceRef === undefined || !isCleanupDue(run)) return undefined;
  dependencies.record(key, [reference.toWorkspace(namespace, workspaceRef)]);
  const workspace = caches.workspaces.get(`${namespace}/${workspaceRef}`);
  const job = workspace && ownJob(caches.workspaceJobs, workspace, cleanupJobName(name));
  const pod = job && newestPod(caches, job);
  const steps = RUN_STEPS.flatMap((step) => ownJob(caches.workspaceJobs, run, stepJobName(name, step)) ?? []);
  const sharedWith = runsOfPlace(caches, run).find((other) => other !== run && !isDeleting(other));
  return { workspace, config: configOf(caches, namespace), job, pod, steps, sharedWith };
}

/** The run that a child belongs to, by its label or its owner. */
export function runKeyOf({ metadata }: KubeObject): string[] {
  const name = metadata.labels?.[LABEL_RUN];
  return name === undefined ? [] : [`${metadata.namespace}/${name}`];
}
