import type { AgentRun } from "../../api/agent-run.ts";
import { agentRuns } from "../../api/resources.ts";
import type { Requeue, Removal } from "../../kube/plan.ts";
import { timeOf } from "../../kube/time.ts";

/** What becomes of a finished run in the end: its removal when its time to live is over, or when that will be. */
export function expiryOf(run: AgentRun, now: number): { remove: Removal[]; requeue: Requeue } {
  const { spec, metadata, status } = run;
  if (spec.ttlSecondsAfterFinished === undefined) return { remove: [], requeue: "onChange" };
  const expiresAt = timeOf(status?.completionTime, now) + spec.ttlSecondsAfterFinished * 1000;
  if (expiresAt > now) return { remove: [], requeue: { afterMs: expiresAt - now } };
  const { namespace = "", name = "", uid = "" } = metadata;
  return {
    remove: [{ type: agentRuns, namespace, name, uid, propagationPolicy: "Background" }],
    requeue: "onChange",
  };
}
