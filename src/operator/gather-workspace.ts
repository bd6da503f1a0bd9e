import { LABEL_COMPONENT, LABEL_WORKSPACE } from "../api/labels.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import { persistentVolumeClaims, type PersistentVolumeClaim, type Pod } from "../kube/builtin.ts";
import { controllerOf, type KubeObject } from "../kube/objects.ts";
import type { JobState } from "../plan/jobs/job-state.ts";
import { isPodFinished } from "../plan/jobs/pod-state.ts";
import { isSlow } from "../plan/jobs/start-up.ts";
import { repositoryNeeds } from "../plan/agent-run/references.ts";
import type { ObservedWorkspace } from "../plan/agent-workspace/observed.ts";
import { CLEANUP_COMPONENT, WORKSPACE_COMPONENT } from "../plan/specs/labels.ts";
import { workspaceClaimName, workspaceJobName } from "../plan/specs/names.ts";
import { configOf, newestPod, ownJob, podOf, type GatherContext } from "./gather-context.ts";
import { podWarning, missingPodWarning } from "./gather-pod.ts";
import * as reference from "./reference-names.ts";
import { readNow } from "./version-reads.ts";

/** Everything that planning the workspace of this key needs; undefined when it no longer exists. */
export async function gatherWorkspace(
  context: GatherContext,
  key: string,
  now: number,
): Promise<ObservedWorkspace | undefined> {
  const { caches, dependencies, defaults } = context;
  const workspace = caches.workspaces.get(key);
  if (!workspace) {
    dependencies.forget(key);
    return undefined;
  }
  const { name = "", namespace = "", uid = "" } = workspace.metadata;
  const secret = secretOf(workspace);
  dependencies.record(key, [
    reference.toConfigs(namespace),
    ...(secret === undefined ? [] : [reference.toSecret(namespace, secret)]),
  ]);
  const job = ownJob(caches.workspaceJobs, workspace, workspaceJobName(name));
  const isCloned = workspace.status?.phase === "Ready";
  const pod = job && (isCloned ? newestPod(caches, job) : await podOf(context, job));
  const claims = [...caches.claims.by("owner", uid)];
  const known = claims.find((claim) => claim.metadata.name === workspaceClaimName(name));
  const checkout = known ?? (await unwatchedCheckout(context, workspace));
  if (checkout && !known) claims.push(checkout);
  return {
    workspace,
    config: configOf(caches, namespace),
    credentials: await credentialsOf(context, workspace),
    defaults,
    claims: new Map(claims.map((claim) => [claim.metadata.name ?? "", claim])),
    job,
    pod,
    warning: await warningOf(context, { job, pod, checkout }, now),
    runs: [...caches.runs.by("workspace", key)],
    cleanups: [...caches.workspaceJobs.by("owner", uid)]
      .filter(isCleanup)
      .map((cleanup) => ({ job: cleanup, pod: newestPod(caches, cleanup) })),
    now,
  };
}

/** A Ready workspace is cloned again if its claim is gone: one that only lost the label by which it is watched is not. */
async function unwatchedCheckout(
  { client }: GatherContext,
  { metadata, status }: AgentWorkspace,
): Promise<PersistentVolumeClaim | undefined> {
  if (status?.phase !== "Ready") return undefined;
  const at = { namespace: metadata.namespace ?? "", name: workspaceClaimName(metadata.name ?? "") };
  const claim = await readNow(client, persistentVolumeClaims, at);
  return claim && controllerOf(claim)?.uid === metadata.uid ? claim : undefined;
}

async function warningOf(
  context: GatherContext,
  { job, pod, checkout }: { job?: JobState; pod?: Pod; checkout?: PersistentVolumeClaim },
  now: number,
): Promise<string | undefined> {
  if (!pod) return job && missingPodWarning(context, job, now);
  if (isPodFinished(pod) || !isSlow(pod, now)) return undefined;
  if (!checkout || checkout.status?.phase === "Bound") return podWarning(context, pod);
  const { namespace = "", name = "" } = checkout.metadata;
  return context.warnings(namespace, { kind: "PersistentVolumeClaim", name });
}

/** The Secret that its repository is reached with. */
function secretOf({ spec }: AgentWorkspace): string | undefined {
  return repositoryNeeds(spec.repository)[0]?.ref.name;
}

async function credentialsOf(
  { caches, secretKeys }: GatherContext,
  workspace: AgentWorkspace,
): Promise<ObservedWorkspace["credentials"]> {
  const name = secretOf(workspace);
  if (name === undefined) return undefined;
  const { namespace = "" } = workspace.metadata;
  const keys = await secretKeys(namespace, name);
  const resourceVersion = caches.secrets.get(`${namespace}/${name}`)?.metadata.resourceVersion ?? "";
  return keys && { keys, resourceVersion };
}

/** The workspace that a child belongs to; a run's children only use one. */
export function workspaceKeyOf(child: KubeObject): string[] {
  const { [LABEL_WORKSPACE]: name, [LABEL_COMPONENT]: component } = child.metadata.labels ?? {};
  const isOwn = component === WORKSPACE_COMPONENT || isCleanup(child);
  return name === undefined || !isOwn ? [] : [`${child.metadata.namespace}/${name}`];
}

function isCleanup({ metadata }: KubeObject): boolean {
  return metadata.labels?.[LABEL_COMPONENT] === CLEANUP_COMPONENT;
}
