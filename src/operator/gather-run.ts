import { LABEL_RUN } from "../api/labels.ts";
import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import type { Client } from "../client/client.ts";
import { jobs, persistentVolumeClaims, type Job, type Pod } from "../kube/builtin.ts";
import { controllerOf, isDeleting, type KubeObject } from "../kube/objects.ts";
import { activeConfig } from "../plan/active-config.ts";
import { isCleanupDue } from "../plan/agent-run/cleanup.ts";
import type {
  ObservedCleanup,
  ObservedRun,
  OperatorDefaults,
  References,
} from "../plan/agent-run/observed.ts";
import { isJobStatusNeeded, type JobState } from "../plan/agent-run/job-state.ts";
import { agentTermination, isPodFinished, timeOf } from "../plan/agent-run/pod-state.ts";
import { providerNameOf, secretsNeeded } from "../plan/agent-run/references.ts";
import { isSlow } from "../plan/agent-run/start-up.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import {
  cleanupJobName,
  runClaimName,
  runJobName,
  sharedClaimName,
  workspaceClaimName,
} from "../plan/build/names.ts";
import type { Caches } from "./caches.ts";
import type { Dependencies } from "./dependencies.ts";
import { newestWarning, readNow, readOutput, whyNoPod } from "./pod-evidence.ts";
import * as reference from "./reference-names.ts";
import type { SecretKeys } from "./secret-keys.ts";

/** What objects are gathered from. */
export interface Sources {
  client: Client;
  caches: Caches;
  secretKeys: SecretKeys;
  dependencies: Dependencies;
  defaults: OperatorDefaults;
}

/** Everything that planning the run of this key needs; undefined when it no longer exists. */
export async function gatherRun(
  sources: Sources,
  key: string,
  now: number,
): Promise<ObservedRun | undefined> {
  const { caches, dependencies, defaults } = sources;
  const run = caches.runs.get(key);
  const known = run && ownJob(caches.runJobs, run, runJobName(run.metadata.name ?? ""));
  if (!run || isFinished(run) || known) dependencies.forget(key);
  if (!run) return undefined;
  const pod = known && newestPod(caches, known);
  const job = known && isJobStatusNeeded(run, known, pod, now) ? await askJob(sources, known) : known;
  const base = { run, defaults, job, pod, now, cleanup: gatherCleanup(sources, run, key) };
  if (isFinished(run) || isDeleting(run)) return { ...base, references: NOTHING };
  if (job) return { ...base, references: NOTHING, ...(await evidence(sources, base)) };
  return { ...base, references: await followReferences(sources, run, key) };
}

const NOTHING: References = { secrets: new Map() };

/** What the removal of the run's worktree needs, and the workspace remembered: without it there is nothing to remove. */
function gatherCleanup(
  { caches, dependencies }: Sources,
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

/** The Job with its status; undefined where it no longer exists. */
async function askJob({ client }: Sources, { metadata }: KubeObject): Promise<JobState | undefined> {
  const { namespace = "", name = "", uid } = metadata;
  const job = await readNow(client, jobs, { namespace, name });
  return job?.metadata.uid === uid ? job : undefined;
}

export function newestPod(caches: Caches, job: KubeObject): Pod | undefined {
  return [...caches.pods.by("owner", job.metadata.uid ?? "")].sort(
    (a, b) => timeOf(b.metadata.creationTimestamp, 0) - timeOf(a.metadata.creationTimestamp, 0),
  )[0];
}

/** What the caches do not hold about a pod: its log once the agent has ended, its troubles while it has not begun. */
async function evidence(
  { client, caches }: Sources,
  { run, job, pod, now }: Pick<ObservedRun, "run" | "job" | "pod" | "now">,
): Promise<Pick<ObservedRun, "output" | "claim" | "warning">> {
  if (!pod) return { warning: job && (await whyNoPod(client, job, now)) };
  const end = agentTermination(pod);
  // A run that is not shown as Running yet is planned once more before its end is.
  if (end && run.status?.phase === "Running") {
    return { output: await readOutput(client, pod, now - timeOf(end.finishedAt, now)) };
  }
  return isSlow(pod, now) && !isPodFinished(pod) ? troubles(client, pod, claimsOf(run, caches)) : {};
}

/** The names of the claims that the pod of a run mounts. */
function claimsOf({ metadata, spec }: AgentRun, caches: Caches): string[] {
  const { workspaceRef } = spec;
  if (workspaceRef === undefined) return [runClaimName(metadata.name ?? "")];
  const workspace = caches.workspaces.get(`${metadata.namespace}/${workspaceRef}`);
  const shared = workspace?.spec.sharedVolumes ?? [];
  return [workspaceClaimName(workspaceRef), ...shared.map(({ name }) => sharedClaimName(workspaceRef, name))];
}

async function troubles(
  client: Client,
  pod: Pod,
  claimNames: readonly string[],
): Promise<Pick<ObservedRun, "claim" | "warning">> {
  const { namespace = "", name = "" } = pod.metadata;
  const claims = await Promise.all(
    claimNames.map((each) => readNow(client, persistentVolumeClaims, { namespace, name: each })),
  );
  const claim = claims.find((each) => each && each.status?.phase !== "Bound");
  // The scheduler only repeats that a claim is not bound; its own events say why.
  const about = claim
    ? { kind: "PersistentVolumeClaim", name: claim.metadata.name ?? "" }
    : { kind: "Pod", name };
  return { claim, warning: await newestWarning(client, namespace, about) };
}

/** Looks the references up and remembers them, so that the run is planned again when one of them changes. */
async function followReferences(
  { caches, secretKeys, dependencies }: Sources,
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
  const neighbours = workspace && [...caches.runs.by("workspace", workspaceKey)];
  const secretNames = new Set(secretsNeeded(run, { config, provider, workspace }).map(({ ref }) => ref.name));
  dependencies.record(key, [
    reference.toConfigs(namespace),
    ...(providerName === undefined ? [] : [reference.toProvider(namespace, providerName)]),
    ...(workspaceName === undefined ? [] : [reference.toWorkspace(namespace, workspaceName)]),
    ...[...secretNames].map((name) => reference.toSecret(namespace, name)),
  ]);
  const lookups = [...secretNames].map(async (name) => [name, await secretKeys(namespace, name)] as const);
  return { config, provider, workspace, neighbours, secrets: new Map(await Promise.all(lookups)) };
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
