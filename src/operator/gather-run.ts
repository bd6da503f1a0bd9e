import { LABEL_RUN } from "../api/labels.ts";
import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import type { Client } from "../client/client.ts";
import { persistentVolumeClaims, type Job, type Pod } from "../kube/builtin.ts";
import { controllerOf, isDeleting, type KubeObject } from "../kube/objects.ts";
import { activeConfig } from "../plan/active-config.ts";
import { isCleanupDue } from "../plan/agent-run/cleanup.ts";
import type {
  ObservedCleanup,
  ObservedRun,
  OperatorDefaults,
  References,
} from "../plan/agent-run/observed.ts";
import { hasEnded, isJobStatusNeeded, isPodLate, type JobState } from "../plan/agent-run/job-state.ts";
import { agentTermination, isPodFinished, stepStartedAt, timeOf } from "../plan/agent-run/pod-state.ts";
import { providerNameOf, secretsNeeded } from "../plan/agent-run/references.ts";
import { isSlow, mayWaitForClaim } from "../plan/agent-run/start-up.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import {
  cleanupJobName,
  runClaimName,
  runJobName,
  sharedClaimName,
  workspaceClaimName,
} from "../plan/specs/names.ts";
import type { Caches } from "./caches.ts";
import type { Dependencies } from "./dependencies.ts";
import type { JobStates } from "./job-states.ts";
import { readOutput } from "./pod-output.ts";
import * as reference from "./reference-names.ts";
import type { SecretKeys } from "./secret-keys.ts";
import { readNow } from "./version-reads.ts";
import type { Warnings } from "./warnings.ts";

/** What objects are gathered from. */
export interface GatherContext {
  client: Client;
  caches: Caches;
  secretKeys: SecretKeys;
  jobStates: JobStates;
  warnings: Warnings;
  dependencies: Dependencies;
  defaults: OperatorDefaults;
}

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
  if (!run) return undefined;
  const pod = known && newestPod(caches, known);
  const awaitsPod = !pod && isGoingOn(run) && run.status?.podName === undefined;
  const warning = known && awaitsPod ? await missingPodWarning(context, known, now) : undefined;
  const isNeeded = known && isJobStatusNeeded(run, known, { pod, warning, now });
  const job = isNeeded ? await context.jobStates(known) : known;
  const base = { run, defaults, job, pod, now, cleanup: gatherCleanup(context, run, key) };
  if (!isGoingOn(run)) return { ...base, references: NOTHING };
  if (job)
    return { ...base, references: NOTHING, warning, ...(pod && (await podDetails(context, run, pod, now))) };
  return { ...base, references: await followReferences(context, run, key) };
}

function isGoingOn(run: AgentRun): boolean {
  return !isFinished(run) && !isDeleting(run);
}

const NOTHING: References = { secrets: new Map() };

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
  return { workspace, config: configOf(caches, namespace), job, pod };
}

/** The Job of this name that the owner controls, never one that somebody else made. */
export function ownJob<K extends KubeObject>(
  cache: Reflector<Job, K>,
  { metadata }: KubeObject,
  name: string,
): K | undefined {
  const job = cache.get(`${metadata.namespace}/${name}`);
  return job && controllerOf(job)?.uid === metadata.uid ? job : undefined;
}

export function newestPod(caches: Caches, job: KubeObject): Pod | undefined {
  return [...caches.pods.by("owner", job.metadata.uid ?? "")].sort(
    (a, b) => timeOf(b.metadata.creationTimestamp, 0) - timeOf(a.metadata.creationTimestamp, 0),
  )[0];
}

/** What the caches do not hold about a pod: its log once the agent has ended, its troubles while it has not begun. */
async function podDetails(
  context: GatherContext,
  run: AgentRun,
  pod: Pod,
  now: number,
): Promise<Pick<ObservedRun, "output" | "claim" | "warning">> {
  const end = agentTermination(pod);
  // A run that is not shown as Running yet is planned once more before its end is.
  if (end && run.status?.phase === "Running") {
    return { output: await readOutput(context.client, pod, now - timeOf(end.finishedAt, now)) };
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
function claimsOf({ metadata, spec }: AgentRun, caches: Caches): string[] {
  const { workspaceRef } = spec;
  if (workspaceRef === undefined) return [runClaimName(metadata.name ?? "")];
  const workspace = caches.workspaces.get(`${metadata.namespace}/${workspaceRef}`);
  const shared = workspace?.spec.sharedVolumes ?? [];
  return [workspaceClaimName(workspaceRef), ...shared.map(({ name }) => sharedClaimName(workspaceRef, name))];
}

/** Of a pod that nothing of runs yet: the claim that it may wait for, and the newest Warning about that or the pod. */
async function startWarnings(
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

/** Looks the references up and remembers them, so that the run is planned again when one of them changes. */
async function followReferences(
  { caches, secretKeys, dependencies }: GatherContext,
  run: AgentRun,
  key: string,
): Promise<References> {
  const namespace = run.metadata.namespace ?? "";
  const config = configOf(caches, namespace);
  const providerName = providerNameOf(run, config);
  const provider =
    providerName === undefined ? undefined : caches.providers.get(`${namespace}/${providerName}`);
  const workspaceName = run.spec.workspaceRef;
  const workspaceKey = `${namespace}/${workspaceName}`;
  const workspace = workspaceName === undefined ? undefined : caches.workspaces.get(workspaceKey);
  const workspaceRuns = workspace && [...caches.runs.by("workspace", workspaceKey)];
  const secretNames = new Set(secretsNeeded(run, { config, provider, workspace }).map(({ ref }) => ref.name));
  dependencies.record(key, [
    reference.toConfigs(namespace),
    ...(providerName === undefined ? [] : [reference.toProvider(namespace, providerName)]),
    ...(workspaceName === undefined ? [] : [reference.toWorkspace(namespace, workspaceName)]),
    ...[...secretNames].map((name) => reference.toSecret(namespace, name)),
  ]);
  const lookups = [...secretNames].map(async (name) => [name, await secretKeys(namespace, name)] as const);
  return { config, provider, workspace, workspaceRuns, secrets: new Map(await Promise.all(lookups)) };
}

/** The AgentConfig that counts in a namespace. */
export function configOf(caches: Caches, namespace: string): AgentConfig | undefined {
  return activeConfig([...caches.configs.list(namespace)].filter((config) => !isDeleting(config)));
}

/** The run that a child belongs to, by its label or its owner. */
export function runKeyOf({ metadata }: KubeObject): string[] {
  const name = metadata.labels?.[LABEL_RUN];
  return name === undefined ? [] : [`${metadata.namespace}/${name}`];
}
