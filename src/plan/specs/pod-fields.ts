import type { PodSpec } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { PodFields } from "../resolved-run.ts";

/** The metadata of a pod: the operator's own labels win. */
export function podMetadata(
  own: Record<string, string>,
  { labels, annotations }: PodFields = {},
): KubeObject["metadata"] {
  return { labels: { ...labels, ...own }, ...(annotations ? { annotations } : {}) };
}

/** Where a pod goes and how it looks names up; what must be kept together by `own` stays so. */
export function podSpecFields(
  { affinity, topologySpreadConstraints, hostAliases, dnsPolicy, dnsConfig }: PodFields = {},
  own: Pick<PodSpec, "affinity"> = {},
): Partial<PodSpec> {
  const both = mergedAffinity(affinity, own.affinity);
  return {
    ...(both ? { affinity: both } : {}),
    ...(topologySpreadConstraints ? { topologySpreadConstraints } : {}),
    ...(hostAliases ? { hostAliases } : {}),
    ...(dnsPolicy === undefined ? {} : { dnsPolicy }),
    ...(dnsConfig ? { dnsConfig } : {}),
  };
}

/** The user's, with the own terms for what must be kept together. */
export function mergedAffinity(users: PodSpec["affinity"], own: PodSpec["affinity"]): PodSpec["affinity"] {
  if (!users || !own) return users ?? own;
  const terms = [users, own].flatMap(
    ({ podAffinity }) => podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
  );
  return {
    ...users,
    podAffinity: { ...users.podAffinity, requiredDuringSchedulingIgnoredDuringExecution: terms },
  };
}
