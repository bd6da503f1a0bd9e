import type { AgentTrigger, AgentTriggerStatus, TriggerDelivery } from "../../api/agent-trigger.ts";
import { findCondition, setConditions, setProgress } from "../../api/conditions.ts";
import type { Reason } from "../../api/reasons.ts";
import { isDeleting } from "../../kube/objects.ts";
import { NOTHING_TO_DO, type EventIntent, type Plan } from "../../kube/plan.ts";
import { timestamp } from "../../kube/time.ts";
import { projectOf } from "./decide.ts";

/** What is known about a trigger when its status is planned. */
export interface ObservedTrigger {
  trigger: AgentTrigger;
  /** Why no delivery can be taken, if none can. */
  problem?: { reason: Reason; message: string };
  /** Deliveries that its status does not show yet, the oldest first. */
  arrived: readonly TriggerDelivery[];
  /** Milliseconds since the epoch. */
  now: number;
}

const MAX_DELIVERIES = 20;
/** Secrets are not watched. */
const RECHECK_MS = 30_000;

/** The path at which a trigger takes deliveries. */
export function pathOfTrigger({ metadata }: AgentTrigger): string {
  return `/hooks/${metadata.namespace}/${metadata.name}`;
}

/** What the status of a trigger should be. */
export function planTrigger({ trigger, problem, arrived, now }: ObservedTrigger): Plan<AgentTriggerStatus> {
  if (isDeleting(trigger)) return NOTHING_TO_DO;
  const observedGeneration = trigger.metadata.generation;
  const { status = {} } = trigger;
  const path = trigger.spec.webhook && pathOfTrigger(trigger);
  const ready = problem
    ? ({ status: "False", ...problem } as const)
    : ({ status: "True", ...listening(trigger, path) } as const);
  const at = timestamp(now);
  const conditions = setConditions(status.conditions, [{ type: "Ready", ...ready, observedGeneration }], at);
  const told = { reason: ready.reason, message: ready.message, observedGeneration };
  const newest = arrived.toReversed();
  const deliveries = [...newest, ...(status.deliveries ?? [])].slice(0, MAX_DELIVERIES);
  const started = newest.find(({ reason }) => reason === "RunCreated")?.run;
  return {
    ...NOTHING_TO_DO,
    events: [...eventsOf(trigger, ready), ...arrived.flatMap(eventOfDelivery)],
    status: {
      ...status,
      observedGeneration,
      path,
      lastDeliveryTime: newest[0]?.time ?? status.lastDeliveryTime,
      lastRun: started ?? status.lastRun,
      deliveries: deliveries.length > 0 ? deliveries : undefined,
      conditions: setProgress(conditions, problem ? "Stalled" : undefined, told, at),
    },
    requeue: { afterMs: RECHECK_MS },
  };
}

function listening(
  { spec }: AgentTrigger,
  path: string | undefined,
): { reason: "Listening" | "Polling"; message: string } {
  if (path !== undefined) return { reason: "Listening", message: `deliveries are taken at ${path}` };
  return { reason: "Polling", message: `the events of ${projectOf(spec)} are asked for` };
}

/** One for each change of the condition that is worth a word. */
function eventsOf(
  { status }: AgentTrigger,
  ready: { status: string; reason: Reason; message: string },
): EventIntent[] {
  const before = findCondition(status?.conditions, "Ready");
  if (ready.status === "True" || (before?.reason === ready.reason && before.message === ready.message))
    return [];
  return [{ type: "Warning", reason: ready.reason, action: "Resolve", note: ready.message }];
}

function eventOfDelivery({ reason, run, message = "" }: TriggerDelivery): EventIntent[] {
  if (reason === "Repeated") return [];
  if (reason === "RunCreated")
    return [{ type: "Normal", reason, action: "Start", note: `AgentRun ${run} is created` }];
  return [{ type: "Warning", reason, action: "Start", note: message }];
}
