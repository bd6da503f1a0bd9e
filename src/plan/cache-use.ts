import { LABEL_CACHE } from "../api/labels.ts";
import type { AgentConfigStatus } from "../api/agent-config.ts";
import { MAX_CACHES_SHOWN } from "../api/fields/caches.ts";
import type { PersistentVolumeClaim, Pod } from "../kube/builtin.ts";
import { mainEnd } from "./jobs/pod-state.ts";

/** What is known of one cache. */
export type CacheUse = NonNullable<AgentConfigStatus["caches"]>[number];

/**
 * The caches of a namespace, by name: from their claims, from the pods that are there, and from what was known before, because pods go
 * with their runs.
 */
export function cachesOf(
  claims: Iterable<PersistentVolumeClaim>,
  pods: Iterable<Pod>,
  before: readonly CacheUse[] = [],
): CacheUse[] {
  const used = new Map(before.map(({ name, lastUsed = "" }) => [name, lastUsed]));
  for (const pod of pods) {
    const at = minuteOf(mainEnd(pod)?.end.finishedAt ?? pod.status?.startTime ?? "");
    for (const name of cachesUsedBy(pod)) if (at > (used.get(name) ?? "")) used.set(name, at);
  }
  return [...claims]
    .flatMap((claim): CacheUse[] => {
      const name = nameOfCache(claim);
      if (name === undefined) return [];
      const lastUsed = used.get(name) ?? "";
      // One that was cleared, and made again since, is another one.
      const isKnown = lastUsed !== "" && lastUsed >= minuteOf(claim.metadata.creationTimestamp ?? "");
      return [{ name, size: sizeOf(claim), ...(isKnown && { lastUsed }) }];
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, MAX_CACHES_SHOWN);
}

/** The name of the cache whose claim this is, if it is one's. */
export function nameOfCache({ metadata }: PersistentVolumeClaim): string | undefined {
  return metadata.labels?.[LABEL_CACHE];
}

/** The names of the caches that a pod mounts. */
export function cachesUsedBy({ metadata }: Pick<Pod, "metadata">): string[] {
  const prefix = `${LABEL_CACHE}-`;
  return Object.keys(metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length));
}

/** What the volume has, else what was asked for. */
export function sizeOf({ spec, status }: PersistentVolumeClaim): string {
  return String(status?.capacity?.["storage"] ?? spec.resources?.requests?.["storage"] ?? "");
}

/** So that many runs are no more writes of a status than one a minute. */
function minuteOf(time: string): string {
  return time === "" ? "" : `${time.slice(0, 16)}:00Z`;
}
