import type { AgentConfig } from "../api/agent-config.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import type { Client } from "../client/client.ts";
import { type Job, type Pod, pods } from "../kube/builtin.ts";
import { controllerOf, isDeleting, type KubeObject } from "../kube/objects.ts";
import { activeConfig } from "../plan/active-config.ts";
import type { OperatorDefaults } from "../plan/defaults.ts";
import { timeOf } from "../kube/time.ts";
import { hasEnded, type JobState } from "../plan/jobs/job-state.ts";
import type { Caches } from "./caches.ts";
import type { Dependencies } from "./dependencies.ts";
import type { JobStates } from "./job-states.ts";
import type { KubernetesVersion } from "./kubernetes-version.ts";
import type { SecretKeys } from "./secret-keys.ts";
import type { Warnings } from "./warnings.ts";

/** The Job controller gives it to every pod that it makes. */
const LABEL_JOB_UID = "batch.kubernetes.io/controller-uid";

/** What objects are gathered from. */
export interface GatherContext {
  client: Client;
  caches: Caches;
  secretKeys: SecretKeys;
  jobStates: JobStates;
  warnings: Warnings;
  kubernetesVersion: KubernetesVersion;
  dependencies: Dependencies;
  defaults: OperatorDefaults;
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

/** The newest pod of a Job that the cache has. */
export function newestPod(caches: Caches, job: KubeObject): Pod | undefined {
  return newestOf(caches.pods.by("owner", job.metadata.uid ?? ""));
}

/**
 * The same, and if the Job has ended, one that the cache does not have yet: after an outage the watch of Jobs may be ahead
 * of that of pods, and an end without its pod is final.
 */
export async function podOf(
  { client, caches }: Pick<GatherContext, "client" | "caches">,
  job: JobState,
): Promise<Pod | undefined> {
  const known = newestPod(caches, job);
  if (known || !hasEnded(job)) return known;
  const { namespace = "", uid = "" } = job.metadata;
  const { items } = await client.list(pods, { namespace, labelSelector: `${LABEL_JOB_UID}=${uid}` });
  return newestOf(items);
}

function newestOf(all: Iterable<Pod>): Pod | undefined {
  return [...all].toSorted(
    (a, b) => timeOf(b.metadata.creationTimestamp, 0) - timeOf(a.metadata.creationTimestamp, 0),
  )[0];
}

/** The AgentConfig that counts in a namespace. */
export function configOf(caches: Caches, namespace: string): AgentConfig | undefined {
  return activeConfig([...caches.configs.list(namespace)].filter((config) => !isDeleting(config)));
}
