import type { AgentProvider, AgentProviderStatus } from "../api/agent-provider.ts";
import { setConditions, setProgress } from "../api/conditions.ts";
import type { Reason } from "../api/reasons.ts";
import { isDeleting } from "../kube/objects.ts";
import { NOTHING_TO_DO, type EventIntent, type Plan } from "../kube/plan.ts";

export interface ObservedProvider {
  provider: AgentProvider;
  /** Key names of the Secret that it names; undefined if that does not exist. */
  secretKeys?: readonly string[];
  /** RFC 3339 */
  now: string;
}

/** Ready when the Secret that it names has the key; at once when it names none. */
export function planProvider({ provider, secretKeys, now }: ObservedProvider): Plan<AgentProviderStatus> {
  if (isDeleting(provider)) return NOTHING_TO_DO;
  const { ready, reason, message } = readiness(provider, secretKeys);
  const observedGeneration = provider.metadata.generation;
  const condition = { type: "Ready", status: ready ? "True" : "False", reason, message } as const;
  const told = { reason: condition.reason, message: condition.message, observedGeneration };
  const conditions = setConditions(provider.status?.conditions, [{ ...condition, observedGeneration }], now);
  return {
    create: [],
    remove: [],
    events: eventsOf(provider, condition),
    status: {
      ready,
      observedGeneration,
      conditions: setProgress(conditions, ready ? undefined : "Stalled", told, now),
    },
    requeue: "onChange",
  };
}

function readiness(
  { spec }: AgentProvider,
  keys: readonly string[] | undefined,
): { ready: boolean; reason: Reason; message: string } {
  const ref = spec.authTokenSecretRef;
  if (!ref) return { ready: true, reason: "Ready", message: "agents call the provider without a credential" };
  if (keys === undefined) {
    return { ready: false, reason: "SecretNotFound", message: `Secret ${ref.name} does not exist yet` };
  }
  if (!keys.includes(ref.key)) {
    return { ready: false, reason: "KeyNotFound", message: `Secret ${ref.name} has no key ${ref.key}` };
  }
  return { ready: true, reason: "Ready", message: `Secret ${ref.name} has the key ${ref.key}` };
}

function eventsOf(
  { status }: AgentProvider,
  condition: { status: "True" | "False"; reason: string; message: string },
): EventIntent[] {
  const before = status?.conditions?.find(({ type }) => type === "Ready");
  if (before?.status === condition.status && before.reason === condition.reason) return [];
  const type = condition.status === "True" ? "Normal" : "Warning";
  return [{ type, reason: condition.reason, action: "Check", note: condition.message }];
}
