import type { Client } from "../../client/client.ts";
import { watchResource } from "../../client/watch.ts";
import { deployments, type Deployment } from "../../kube/cluster-kinds.ts";

/** Resolves when every replica is of the newest template and available. Rejects, with what is missing, if it is late. */
export async function untilRolledOut(
  client: Client,
  at: { namespace: string; name: string },
  limitMs: number,
): Promise<void> {
  const signal = AbortSignal.timeout(limitMs);
  let missing = "it does not exist";
  for await (const event of watchResource(client, deployments, {
    namespace: at.namespace,
    fieldSelector: `metadata.name=${at.name}`,
    signal,
  })) {
    if (event.kind !== "upsert") continue;
    const { waitsFor, isHopeless } = progressOf(event.object);
    if (waitsFor === undefined) return;
    missing = waitsFor;
    if (isHopeless) break;
  }
  const where = `kubectl -n ${at.namespace} describe deployment,pods -l app.kubernetes.io/name=${at.name}`;
  throw new Error(`deployment/${at.name} is not available: ${missing}; see ${where}`);
}

/** As `kubectl rollout status` has it. */
function progressOf({ metadata, spec, status = {} }: Deployment): {
  waitsFor?: string;
  isHopeless: boolean;
} {
  const wanted = spec.replicas ?? 1;
  const { updatedReplicas: updated = 0, availableReplicas: available = 0, replicas = 0 } = status;
  const isHopeless = (status.conditions ?? []).some(({ reason }) => reason === "ProgressDeadlineExceeded");
  const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  if (!isSeen) return { waitsFor: "the cluster has not looked at it yet", isHopeless: false };
  if (updated >= wanted && replicas <= updated && available >= updated) return { isHopeless: false };
  return { waitsFor: `${Math.min(available, updated)} of ${wanted} replicas are`, isHopeless };
}
