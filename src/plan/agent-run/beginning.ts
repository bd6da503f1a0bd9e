import type { AgentRunStatus } from "../../api/agent-run.ts";
import type { Reason } from "../../api/reasons.ts";
import { configMaps, jobs, persistentVolumeClaims, type ConfigMap, type Job } from "../../kube/builtin.ts";
import type { Child, ChildPatch, EventIntent } from "../../kube/plan.ts";
import { nextLookAtTurnMs, turnMessage, turnOf } from "../places.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { cacheClaims } from "../specs/caches.ts";
import { buildRunClaim } from "../specs/run-claim.ts";
import { buildRunJob } from "../specs/run-job.ts";
import { buildRunInputs } from "../specs/run-inputs.ts";
import { tooLarge } from "../specs/size.ts";
import { isStepsOnly } from "../place.ts";
import { concurrencyOf } from "./concurrency.ts";
import { continuationStep } from "./continuation.ts";
import { dependencyObstacle, endedDependencies, type RunsByName } from "./dependencies.ts";
import { type Entry, entryOf } from "./hourly-limit.ts";
import { forgeUnknown, type Obstacle, workspaceNotReady } from "./obstacles.ts";
import type { ObservedRun } from "./observed.ts";
import { resolveRun } from "./resolve.ts";

/** What becomes of a run that has no Job. */
export type Beginning =
  /** Until its status shows what others have left, which may be deleted at any time. */
  | { what: "records"; facts: Pick<AgentRunStatus, "dependencies" | "continued"> }
  /** Until it is an owner of what it continues. */
  | { what: "joins"; patch: ChildPatch }
  /** Once it has cancelled the runs that it replaces. */
  | { what: "replaces"; patches: ChildPatch[] }
  /** Until it is counted among the starts of its trigger. */
  | Entry
  /** For something that it refers to. */
  | { what: "waits"; reason: Reason; message: string }
  /** For its turn. */
  | { what: "queued"; message: string; lookAgainMs: number }
  | { what: "fails"; reason: Reason; message: string }
  /** With what follows an agent; there is none. */
  | { what: "goesToSteps" }
  | { what: "starts"; job: Job; create: Child[]; warnings: EventIntent[] };

/** Waits for other runs, follows the references, looks whether it is the run's turn, then has its start counted. */
export function beginningOf(observed: ObservedRun): Beginning {
  const beginning = firstStep(observed);
  const isStart = beginning.what === "starts" || beginning.what === "goesToSteps";
  return (isStart ? entryOf(observed) : undefined) ?? beginning;
}

function firstStep(observed: ObservedRun): Beginning {
  const { run, references } = observed;
  const runs: RunsByName = (name) => references.dependsOn?.get(name);
  const ended = endedDependencies(run, runs);
  if (ended.length > (run.status?.dependencies?.length ?? 0)) {
    return { what: "records", facts: { dependencies: ended } };
  }
  const dependency = dependencyObstacle(run, ended, runs, references.cycle);
  if (dependency) return beginningAt(dependency);
  const limited = concurrencyOf(observed);
  if (limited) return limited;
  const continuation = continuationOf(observed);
  if (continuation) return continuation;
  if (isStepsOnly(run.spec)) return beginningOfSteps(observed);
  const resolution = resolveRun(observed);
  if ("obstacle" in resolution) return beginningAt(resolution.obstacle);
  const turn = turnIn(observed);
  if (turn) return turn;
  const job = buildRunJob(resolution.resolved);
  const message = tooLarge(job);
  if (message !== undefined) return { what: "fails", reason: "TooLarge", message };
  const inputs = ended.length > 0 ? [buildRunInputs(resolution.resolved, ended, runs)] : [];
  const create = children(resolution.resolved, job, inputs);
  return { what: "starts", job, create, warnings: warningsOf(observed, resolution.resolved) };
}

/** What is to be done before the run can go on with another one's work. */
function continuationOf(observed: ObservedRun): Beginning | undefined {
  const step = continuationStep(observed);
  switch (step?.what) {
    case "takes":
      return { what: "records", facts: { continued: step.continued } };
    case "joins":
      return step;
    case "isKept":
      return beginningAt(step.obstacle);
    case undefined:
      return undefined;
  }
}

function beginningOfSteps(observed: ObservedRun): Beginning {
  const { run, references } = observed;
  const obstacle = workspaceNotReady(run, references.workspace) ?? forgeUnknown(run, references);
  return obstacle ? beginningAt(obstacle) : (turnIn(observed) ?? { what: "goesToSteps" });
}

/** Ends of pods come with no watch of this run's. */
const POD_END_MS = 2_000;

/** What the run waits for that has all it needs. */
function turnIn({ run, places, continuation }: ObservedRun): Beginning | undefined {
  const turn = places && turnOf(run.metadata.name ?? "", places);
  if (turn) return { what: "queued", message: turnMessage(turn), lookAgainMs: nextLookAtTurnMs(turn) };
  const { busyPod } = continuation ?? {};
  if (busyPod === undefined) return undefined;
  const message = `pod ${busyPod} of an earlier run is still at work in the checkout`;
  return { what: "queued", message, lookAgainMs: POD_END_MS };
}

function beginningAt({ kind, reason, message }: Obstacle): Beginning {
  return { what: kind === "waiting" ? "waits" : "fails", reason, message };
}

function children(run: ResolvedRun, job: Job, inputs: ConfigMap[]): Child[] {
  const claim: Child[] =
    run.workspace || run.place ? [] : [{ type: persistentVolumeClaims, object: buildRunClaim(run) }];
  return [
    ...claim,
    ...cacheClaims(run.namespace, run.caches),
    ...inputs.map((object) => ({ type: configMaps, object })),
    { type: jobs, object: job },
  ];
}

function warningsOf({ run }: ObservedRun, { provider }: ResolvedRun): EventIntent[] {
  const variable = provider?.token?.variable;
  if (variable === undefined || !run.spec.env?.some(({ name }) => name === variable)) return [];
  const note = `spec.env sets ${variable} itself; the credential of provider ${provider?.name} is not used`;
  return [{ type: "Warning", reason: "CredentialOverridden", action: "Start", note }];
}
