import type { AgentConfig, AgentConfigStatus } from "../api/agent-config.ts";
import { setConditions, setProgress } from "../api/conditions.ts";
import type { PersistentVolumeClaim, Pod } from "../kube/builtin.ts";
import { isDeleting } from "../kube/objects.ts";
import { activeConfig } from "./active-config.ts";
import { cachesOf } from "./cache-use.ts";
import { NOTHING_TO_DO, type Plan } from "../kube/plan.ts";

export interface ObservedConfig {
  config: AgentConfig;
  /** Every AgentConfig of its namespace, itself included. */
  all: readonly AgentConfig[];
  /** The claims of the namespace's caches, and its pods. */
  claims: Iterable<PersistentVolumeClaim>;
  pods: Iterable<Pod>;
  /** RFC 3339 */
  now: string;
}

/** Says of each AgentConfig whether it is the one that counts. */
export function planConfig(observed: ObservedConfig): Plan<AgentConfigStatus> {
  const { config, all, claims, pods, now } = observed;
  if (isDeleting(config)) return NOTHING_TO_DO;
  const chosen = activeConfig(all.filter((other) => !isDeleting(other)));
  const active = chosen?.metadata.name === config.metadata.name;
  const observedGeneration = config.metadata.generation;
  const condition = active
    ? ({
        type: "Ready",
        status: "True",
        reason: "Active",
        message: "the namespace's runs use these defaults",
      } as const)
    : ({
        type: "Ready",
        status: "False",
        reason: "NotActive",
        message: `the namespace's runs use AgentConfig ${chosen?.metadata.name} instead; only one counts`,
      } as const);
  const caches = active ? cachesOf(claims, pods, config.status?.caches) : [];
  const before = config.status?.conditions?.find(({ type }) => type === "Ready");
  const told = { reason: condition.reason, message: condition.message, observedGeneration };
  const conditions = setConditions(config.status?.conditions, [{ ...condition, observedGeneration }], now);
  return {
    create: [],
    remove: [],
    events:
      active || before?.reason === "NotActive"
        ? []
        : [{ type: "Warning", reason: "NotActive", action: "Choose", note: condition.message }],
    status: {
      active,
      observedGeneration,
      ...(caches.length > 0 && { caches }),
      conditions: setProgress(conditions, active ? undefined : "Stalled", told, now),
    },
    requeue: "onChange",
  };
}
