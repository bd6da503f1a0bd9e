import type { Condition, KubeObject } from "../../src/kube/objects.ts";

interface Judged extends KubeObject {
  status?: { observedGeneration?: number; conditions?: Condition[] };
}

export type KStatus = "Current" | "InProgress" | "Failed" | "Terminating";

/**
 * What kstatus makes of a custom resource, with which Flux, kpt and others wait. Its rules, in their order:
 * sigs.k8s.io/cli-utils, pkg/kstatus/status/generic.go, then checkReadyCondition of status.go.
 */
export function kstatusOf({ metadata, status = {} }: Judged): KStatus {
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const { observedGeneration, conditions = [] } = status;
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return "InProgress";
  for (const { type, status: value } of conditions) {
    if (type === "Reconciling" && value === "True") return "InProgress";
    if (type === "Stalled" && value === "True") return "Failed";
  }
  const ready = conditions.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
}
