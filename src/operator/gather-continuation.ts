import { LABEL_RUN } from "../api/labels.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { persistentVolumeClaims } from "../kube/builtin.ts";
import type { ObservedContinuation } from "../plan/agent-run/observed.ts";
import { runClaimName } from "../plan/specs/names.ts";
import { isPodFinished } from "../plan/jobs/pod-state.ts";
import { placeOf } from "../plan/place.ts";
import type { Caches } from "./caches.ts";
import type { GatherContext } from "./gather-context.ts";
import { readNow } from "./version-reads.ts";

/** What a run has to know that continues another one and has not started yet. */
export async function gatherContinuation(
  { client, caches }: Pick<GatherContext, "client" | "caches">,
  run: AgentRun,
): Promise<ObservedContinuation | undefined> {
  const { namespace = "" } = run.metadata;
  const { continueFrom } = run.spec;
  if (!continueFrom) return undefined;
  const source = caches.runs.get(`${namespace}/${continueFrom.run}`);
  const { continued } = run.status ?? {};
  const workspaceRef = continued ? continued.workspaceRef : source?.spec.workspaceRef;
  const workspace = caches.workspaces.get(`${namespace}/${workspaceRef}`);
  if (!continued) return { run: source, workspace };
  const at = { namespace, name: runClaimName(continued.checkout.run) };
  const claim = workspaceRef === undefined ? await readNow(client, persistentVolumeClaims, at) : undefined;
  return { run: source, workspace, claim, busyPod: busyPod(caches, run) };
}

/** The runs that work, or have worked, in the same checkout as this one. */
export function runsOfPlace({ runs }: Caches, run: AgentRun): AgentRun[] {
  const place = placeOf(run);
  return [...runs.list(run.metadata.namespace)].filter((other) => placeOf(other).uid === place.uid);
}

/** A run may have ended before its pod has. */
function busyPod(caches: Caches, run: AgentRun): string | undefined {
  const { checkout, run: source } = run.status?.continued ?? {};
  const names = new Set([
    checkout?.run,
    source,
    ...runsOfPlace(caches, run).map(({ metadata }) => metadata.name),
  ]);
  names.delete(run.metadata.name);
  for (const pod of caches.pods.list(run.metadata.namespace)) {
    if (names.has(pod.metadata.labels?.[LABEL_RUN]) && !isPodFinished(pod)) return pod.metadata.name;
  }
  return undefined;
}
