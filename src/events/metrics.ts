import { Counter, Histogram, type Registry } from "prom-client";
import { DELIVERY_REASON_NAMES } from "../api/trigger-reasons.ts";
import type { DeliveryOutcome } from "./receive.ts";

/** Counts what becomes of requests at triggers. */
export interface DeliveryMetrics {
  outcome(outcome: DeliveryOutcome | "TooLarge" | "Dropped"): void;
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
