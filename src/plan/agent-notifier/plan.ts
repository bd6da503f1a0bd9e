import type { AgentNotifier, AgentNotifierStatus, RunEvent } from "../../api/agent-notifier.ts";
import { findCondition, setConditions, setProgress } from "../../api/conditions.ts";
import type { Reason } from "../../api/reasons.ts";
import { NOTHING_TO_DO, type EventIntent, type Plan } from "../../kube/plan.ts";
import { timestamp } from "../../kube/time.ts";

/** What is known about a notifier when its status is planned. */
export interface ObservedNotifier {
  notifier: AgentNotifier;
  /** Why its sink takes nothing, if it does not. */
  problem?: { reason: Reason; message: string };
  /** Events that the sink has not taken. */
  pending: number;
  /** What the sink has taken last, if that was now. */
  taken?: { run: string; event: RunEvent };
  /** What is not sent any more, in words. */
  dropped: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
}

/** What the status of a notifier should be. */
export function planNotifier(observed: ObservedNotifier): Plan<AgentNotifierStatus> {
  const { notifier, problem, pending, taken, dropped, now } = observed;
  const { metadata, status = {} } = notifier;
  const at = timestamp(now);
  const observedGeneration = metadata.generation;
  const ready = problem ?? ({ reason: "Notifying", message: "runs are reported to the sink" } as const);
  const told = { ...ready, observedGeneration };
  const conditions = setConditions(
    status.conditions,
    [{ type: "Ready", status: problem ? "False" : "True", ...told }],
    at,
  );
  return {
    ...NOTHING_TO_DO,
    events: [
      ...eventsOf(notifier, problem),
      ...dropped.map((note) => ({
        type: "Warning" as const,
        reason: "NotificationDropped",
        action: "Notify",
        note,
      })),
    ],
    status: {
      ...status,
      observedGeneration,
      pending,
      ...(taken && { lastNotificationTime: at, lastRun: taken.run, lastEvent: taken.event }),
      conditions: setProgress(conditions, problem ? "Stalled" : undefined, told, at),
    },
  };
}

/** One for each change that is worth a word. */
function eventsOf({ status }: AgentNotifier, problem: ObservedNotifier["problem"]): EventIntent[] {
  const before = findCondition(status?.conditions, "Ready");
  if (problem && before?.reason !== problem.reason)
    return [{ type: "Warning", reason: problem.reason, action: "Notify", note: problem.message }];
  if (!problem && before?.status === "False")
    return [{ type: "Normal", reason: "Notifying", action: "Notify", note: "the sink takes events again" }];
  return [];
}
