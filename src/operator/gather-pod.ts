import { configOf, type GatherContext } from "./gather-context.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { persistentVolumeClaims, type Pod } from "../kube/builtin.ts";
import type { ObservedRun } from "../plan/agent-run/observed.ts";
import { hasEnded, isPodLate, type JobState } from "../plan/jobs/job-state.ts";
import { agentStartedAt, agentTermination, isPodFinished, stepStartedAt } from "../plan/jobs/pod-state.ts";
import { timeOf } from "../kube/time.ts";
import { placeOf } from "../plan/place.ts";
import { isLookDue } from "../plan/agent-run/model-retry.ts";
import { isSlow, mayWaitForClaim } from "../plan/jobs/start-up.ts";
import { cacheClaimName, runClaimName, sharedClaimName, workspaceClaimName } from "../plan/specs/names.ts";
import { volumesOf } from "../plan/agent-run/run-volumes.ts";
import { userClaims } from "../plan/specs/user-volumes.ts";
import type { Caches } from "./caches.ts";
import { readOutput, readRecent } from "./pod-output.ts";
import { readNow } from "./version-reads.ts";

/** What the caches do not hold about a pod: its log once the agent has ended, its troubles while it has not begun. */
export async function gatherPod(
  context: GatherContext,
  run: AgentRun,
  pod: Pod,
  now: number,
): Promise<Pick<ObservedRun, "output" | "recent" | "claim" | "warning">> {
  const end = agentTermination(pod);
  // A run that is not shown as Running yet is planned once more before its end is.
  if (end && run.status?.phase === "Running") {
    return { output: await readOutput(context.client, pod, now - timeOf(end.finishedAt, now)) };
  }
  const startedAt = agentStartedAt(pod);
  if (run.status?.phase === "Running" && !end && startedAt !== undefined) {
    const isDue = isLookDue(timeOf(startedAt, now), now);
    return isDue ? { recent: await readRecent(context.client, pod) } : {};
  }
  return isSlow(pod, now) && !isPodFinished(pod) ? startWarnings(context, run, pod) : {};
}

/** The newest Warning event of a Job whose pod is late. */
export async function missingPodWarning(
  { warnings }: Pick<GatherContext, "warnings">,
  job: JobState,
  now: number,
): Promise<string | undefined> {
  const { namespace = "", name = "" } = job.metadata;
  return isPodLate(job, now) && !hasEnded(job) ? warnings(namespace, { kind: "Job", name }) : undefined;
}

/** The names of the claims that the pod of a run mounts. */
function claimsOf(run: AgentRun, caches: Caches): string[] {
  const { metadata, spec } = run;
  const { workspaceRef } = spec;
  const config = configOf(caches, metadata.namespace ?? "");
  const { caches: used = config?.spec?.defaultCaches ?? [] } = spec;
  const kept = [...used.map(({ name }) => cacheClaimName(name)), ...userClaims(volumesOf(run, config))];
  if (workspaceRef === undefined) return [runClaimName(placeOf(run).name), ...kept];
  const workspace = caches.workspaces.get(`${metadata.namespace}/${workspaceRef}`);
  const shared = workspace?.spec.sharedVolumes ?? [];
  return [
    workspaceClaimName(workspaceRef),
    ...shared.map(({ name }) => sharedClaimName(workspaceRef, name)),
    ...kept,
  ];
}

/** Of a pod that nothing of runs yet: the claim that it may wait for, and the newest Warning about that or the pod. */
export async function startWarnings(
  context: GatherContext,
  run: AgentRun,
  pod: Pod,
): Promise<Pick<ObservedRun, "claim" | "warning">> {
  const { namespace = "" } = pod.metadata;
  for (const claimName of claimsOf(run, context.caches)) {
    // The scheduler only repeats that a claim is not bound; its own events say why.
    const warning = await context.warnings(namespace, { kind: "PersistentVolumeClaim", name: claimName });
    if (!mayWaitForClaim(pod, warning)) continue;
    const claim = await readNow(context.client, persistentVolumeClaims, { namespace, name: claimName });
    if (claim && claim.status?.phase !== "Bound") return { claim, warning };
  }
  return { warning: await podWarning(context, pod) };
}

/** The newest Warning about what a pod is at now, not about a step that is behind it. */
export function podWarning(
  { warnings }: Pick<GatherContext, "warnings">,
  pod: Pod,
): Promise<string | undefined> {
  const { namespace = "", name = "" } = pod.metadata;
  const isScheduled = pod.spec.nodeName !== undefined;
  // Events and container states come in whole seconds.
  const since = isScheduled ? stepStartedAt(pod, 0) - 1_000 : 0;
  return warnings(namespace, { kind: "Pod", name }, { since, isScheduled });
}
