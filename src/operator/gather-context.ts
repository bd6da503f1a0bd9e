import type { AgentConfig } from "../api/agent-config.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import type { Client } from "../client/client.ts";
import { type Job, type Pod } from "../kube/builtin.ts";
import { controllerOf, isDeleting, type KubeObject } from "../kube/objects.ts";
import { activeConfig } from "../plan/active-config.ts";
import type { OperatorDefaults } from "../plan/defaults.ts";
import { timeOf } from "../kube/time.ts";
import type { Caches } from "./caches.ts";
import type { Dependencies } from "./dependencies.ts";
import type { JobStates } from "./job-states.ts";
import type { KubernetesVersion } from "./kubernetes-version.ts";
import type { SecretKeys } from "./secret-keys.ts";
import type { Warnings } from "./warnings.ts";

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

export function newestPod(caches: Caches, job: KubeObject): Pod | undefined {
  return [...caches.pods.by("owner", job.metadata.uid ?? "")].sort(
    (a, b) => timeOf(b.metadata.creationTimestamp, 0) - timeOf(a.metadata.creationTimestamp, 0),
  )[0];
}

/** The AgentConfig that counts in a namespace. */
export function configOf(caches: Caches, namespace: string): AgentConfig | undefined {
  return activeConfig([...caches.configs.list(namespace)].filter((config) => !isDeleting(config)));
}
