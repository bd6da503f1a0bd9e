import type { Reason } from "../../api/reasons.ts";
import { configMaps, jobs, persistentVolumeClaims, type ConfigMap, type Job } from "../../kube/builtin.ts";
import type { Child, EventIntent } from "../../kube/plan.ts";
import { nextLookAtTurnMs, turnMessage, turnOf } from "../places.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { buildRunClaim } from "../specs/run-claim.ts";
import { buildRunJob } from "../specs/run-job.ts";
import { buildRunInputs } from "../specs/run-inputs.ts";
import { tooLarge } from "../specs/size.ts";
import { dependencyObstacle, endedDependencies, type Dependency, type RunsByName } from "./dependencies.ts";
import type { Obstacle } from "./obstacles.ts";
import type { ObservedRun } from "./observed.ts";
import { resolveRun } from "./resolve.ts";

/** What becomes of a run that has no Job. */
export type Beginning =
  /** Until its status shows how others have ended, which may be deleted at any time. */
  | { what: "records"; dependencies: Dependency[] }
  /** For something that it refers to. */
  | { what: "waits"; reason: Reason; message: string }
  /** For its turn. */
  | { what: "queued"; message: string; lookAgainMs: number }
  | { what: "fails"; reason: Reason; message: string }
  | { what: "starts"; job: Job; create: Child[]; warnings: EventIntent[] };

/** Waits for other runs, follows the references, then looks whether it is the run's turn. */
export function beginningOf(observed: ObservedRun): Beginning {
  const { run, references } = observed;
  const runs: RunsByName = (name) => references.dependsOn?.get(name);
  const ended = endedDependencies(run, runs);
  if (ended.length > (run.status?.dependencies?.length ?? 0)) return { what: "records", dependencies: ended };
  const dependency = dependencyObstacle(run, ended, runs, references.cycle);
  if (dependency) return beginningAt(dependency);
  const resolution = resolveRun(observed);
  if ("obstacle" in resolution) return beginningAt(resolution.obstacle);
  const turn = observed.places && turnOf(observed.run.metadata.name ?? "", observed.places);
  if (turn) return { what: "queued", message: turnMessage(turn), lookAgainMs: nextLookAtTurnMs(turn) };
  const job = buildRunJob(resolution.resolved);
  const message = tooLarge(job);
  if (message !== undefined) return { what: "fails", reason: "TooLarge", message };
  const inputs = ended.length > 0 ? [buildRunInputs(resolution.resolved, ended, runs)] : [];
  const create = children(resolution.resolved, job, inputs);
  return { what: "starts", job, create, warnings: warningsOf(observed, resolution.resolved) };
}

function beginningAt({ kind, reason, message }: Obstacle): Beginning {
  return { what: kind === "waiting" ? "waits" : "fails", reason, message };
}

function children(run: ResolvedRun, job: Job, inputs: ConfigMap[]): Child[] {
  const claim: Child[] = run.workspace ? [] : [{ type: persistentVolumeClaims, object: buildRunClaim(run) }];
  return [...claim, ...inputs.map((object) => ({ type: configMaps, object })), { type: jobs, object: job }];
}

function warningsOf({ run }: ObservedRun, { provider }: ResolvedRun): EventIntent[] {
  const variable = provider?.token?.variable;
  if (variable === undefined || !run.spec.env?.some(({ name }) => name === variable)) return [];
  const note = `spec.env sets ${variable} itself; the credential of provider ${provider?.name} is not used`;
  return [{ type: "Warning", reason: "CredentialOverridden", action: "Start", note }];
}
