import type { Reason } from "../../api/reasons.ts";
import { jobs, persistentVolumeClaims, type Job } from "../../kube/builtin.ts";
import type { Child, EventIntent } from "../../kube/plan.ts";
import { nextLookAtTurnMs, turnMessage, turnOf } from "../places.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { buildRunClaim } from "../specs/run-claim.ts";
import { buildRunJob } from "../specs/run-job.ts";
import { tooLarge } from "../specs/size.ts";
import type { ObservedRun } from "./observed.ts";
import { resolveRun } from "./resolve.ts";

/** What becomes of a run that has no Job. */
export type Beginning =
  /** For something that it refers to. */
  | { what: "waits"; reason: Reason; message: string }
  /** For its turn. */
  | { what: "queued"; message: string; lookAgainMs: number }
  | { what: "fails"; reason: Reason; message: string }
  | { what: "starts"; job: Job; create: Child[]; warnings: EventIntent[] };

/** Follows the references, then looks whether it is the run's turn. */
export function beginningOf(observed: ObservedRun): Beginning {
  const resolution = resolveRun(observed);
  if ("obstacle" in resolution) {
    const { kind, reason, message } = resolution.obstacle;
    return { what: kind === "waiting" ? "waits" : "fails", reason, message };
  }
  const turn = observed.places && turnOf(observed.run.metadata.name ?? "", observed.places);
  if (turn) return { what: "queued", message: turnMessage(turn), lookAgainMs: nextLookAtTurnMs(turn) };
  const job = buildRunJob(resolution.resolved);
  const message = tooLarge(job);
  if (message !== undefined) return { what: "fails", reason: "TooLarge", message };
  const create = children(resolution.resolved, job);
  return { what: "starts", job, create, warnings: warningsOf(observed, resolution.resolved) };
}

function children(run: ResolvedRun, job: Job): Child[] {
  const claim: Child[] = run.workspace ? [] : [{ type: persistentVolumeClaims, object: buildRunClaim(run) }];
  return [...claim, { type: jobs, object: job }];
}

function warningsOf({ run }: ObservedRun, { provider }: ResolvedRun): EventIntent[] {
  const variable = provider?.token?.variable;
  if (variable === undefined || !run.spec.env?.some(({ name }) => name === variable)) return [];
  const note = `spec.env sets ${variable} itself; the credential of provider ${provider?.name} is not used`;
  return [{ type: "Warning", reason: "CredentialOverridden", action: "Start", note }];
}
