/** What a panel shows: PromQL, and the name of each line. */
export type Query = readonly [expr: string, legend: string];

/** A panel of a dashboard. */
export interface Panel {
  title: string;
  description: string;
  unit: "short" | "s" | "currencyUSD" | "ops" | "bytes" | "percentunit";
  queries: readonly Query[];
}

/** What the events component serves. */
export const eventPanels: readonly Panel[] = [
  {
    title: "Deliveries by outcome",
    description:
      "Requests at AgentTriggers each second. Unauthorized ones have no valid signature. Unavailable and Dropped ones were answered with 503, and their senders may not try again.",
    unit: "ops",
    queries: [["sum by (outcome) (rate(agent_operator_deliveries_total[$__rate_interval]))", "{{outcome}}"]],
  },
  {
    title: "Time to answer a delivery",
    description: "One delivery in twenty takes longer. GitHub waits ten seconds.",
    unit: "s",
    queries: [
      [
        "histogram_quantile(0.95, sum by (le) (rate(agent_operator_delivery_duration_seconds_bucket[$__rate_interval])))",
        "p95",
      ],
    ],
  },
  {
    title: "Notifications by outcome",
    description:
      "Attempts each second to report to the sinks of AgentNotifiers. Sent ones were taken; of the others each is tried again, but for Dropped ones.",
    unit: "ops",
    queries: [
      ["sum by (outcome) (rate(agent_operator_notifications_total[$__rate_interval]))", "{{outcome}}"],
    ],
  },
  {
    title: "Notifications that wait",
    description: "Events that sinks have not taken yet. If the number stays, a sink fails.",
    unit: "short",
    queries: [["sum(agent_operator_notifications_pending)", "pending"]],
  },
];
