import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { SINK_REASONS, type SinkReason } from "../api/notifier-reasons.ts";
import { DELIVERY_REASON_NAMES } from "../api/trigger-reasons.ts";
import type { EventOutcome } from "./start-run.ts";

/** Counts what becomes of requests at triggers. */
export interface DeliveryMetrics {
  outcome(outcome: EventOutcome | "TooLarge" | "Dropped"): void;
  answered(seconds: number): void;
}

const UNSHOWN = ["NotMatched", "Unauthorized", "Invalid", "Unavailable", "TooLarge", "Dropped"] as const;

export function deliveryMetrics(registry: Registry): DeliveryMetrics {
  const registers = [registry];
  const total = new Counter({
    name: "agent_operator_deliveries_total",
    help: "Requests at triggers by outcome: a reason of status.deliveries, or NotMatched, Unauthorized (no valid signature), Invalid, TooLarge, Dropped or Unavailable",
    labelNames: ["outcome"],
    registers,
  });
  // A counter that is born at 1 has no increase.
  for (const outcome of [...DELIVERY_REASON_NAMES, ...UNSHOWN]) total.inc({ outcome }, 0);
  const seconds = new Histogram({
    name: "agent_operator_delivery_duration_seconds",
    help: "Time from a delivery's last byte to its answer",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    outcome: (outcome) => total.inc({ outcome }),
    answered: (took) => seconds.observe(took),
  };
}

/** Counts what becomes of notifications. */
export interface NotificationMetrics {
  sent(format: string, outcome: "Sent" | "Dropped" | SinkReason): void;
  /** From the event to its acceptance. */
  delay(seconds: number): void;
  /** How many wait is asked when the metrics are read. */
  pending(count: () => number): void;
}

export function notificationMetrics(registry: Registry): NotificationMetrics {
  const registers = [registry];
  const total = new Counter({
    name: "agent_operator_notifications_total",
    help: "Attempts to report to the sinks of AgentNotifiers by outcome: Sent, Dropped (refused for a day) or why the sink has not taken the event",
    labelNames: ["format", "outcome"],
    registers,
  });
  // A counter that is born at 1 has no increase.
  for (const format of ["CloudEvents", "Slack"])
    for (const outcome of ["Sent", "Dropped", ...Object.keys(SINK_REASONS)])
      total.inc({ format, outcome }, 0);
  const seconds = new Histogram({
    name: "agent_operator_notification_delay_seconds",
    help: "Time from what happened to a run until the sink has taken it",
    buckets: [0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400],
    registers,
  });
  let count = (): number => 0;
  const pending: Gauge = new Gauge({
    name: "agent_operator_notifications_pending",
    help: "Events that sinks have not taken yet; from the replica that holds the Lease",
    registers,
    collect: () => pending.set(count()),
  });
  return {
    sent: (format, outcome) => total.inc({ format, outcome }),
    delay: (took) => seconds.observe(Math.max(0, took)),
    pending: (asked) => {
      count = asked;
    },
  };
}
