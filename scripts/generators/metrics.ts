import type { Registry } from "prom-client";
import { deliveryMetrics, notificationMetrics } from "../../src/events/metrics.ts";
import { observeRuns } from "../../src/operator/run-metrics.ts";
import { observeSchedules } from "../../src/operator/schedule-metrics.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { type Generator, NOTICE } from "./generator.ts";

/** One metric as its catalogue has it. */
export interface CataloguedMetric {
  name: string;
  type: string;
  help: string;
  labels: readonly string[];
}

/** Every metric that the operator and the events component serve, by name. */
export function catalogue(): CataloguedMetric[] {
  const { registry, leading } = createMetrics();
  leading(() => true);
  deliveryMetrics(registry);
  notificationMetrics(registry);
  const runs = { list: () => [][Symbol.iterator](), onChange: () => () => undefined };
  observeRuns(registry, { runs, isLeading: () => true });
  observeSchedules(registry, { schedules: runs, isLeading: () => true });
  return metricsOf(registry).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function metricsOf(registry: Registry): CataloguedMetric[] {
  return registry.getMetricsAsArray().map((metric) => {
    const { name, help } = metric;
    const labels: unknown = "labelNames" in metric ? metric.labelNames : [];
    const type = metric.constructor.name.toLowerCase();
    return { name, help, type, labels: Array.isArray(labels) ? labels.map(String) : [] };
  });
}

function render(): string {
  const rows = catalogue().map(
    ({ name, type, help, labels }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`,
  );
  return [
    `<!-- ${NOTICE} -->`,
    "",
    "# Metrics",
    "",
    "Served at `/metrics` of the address that `--metrics-bind-address` names, for Prometheus. Names of AgentRuns are never labels: their number has no bound. The first 50 namespaces with runs have a label each; all further ones are `other`.",
    "",
    "The events component serves those of deliveries and notifications, and those of requests, watches, caches and reconciles that are not about runs.",
    "",
    "Every replica serves its own metrics. Runs are counted by the one that leads. What can come of the runs of a namespace, agent and provider is 0 as soon as the first of them is seen, so that the first event counts as an increase.",
    "",
    "[Dashboards for Grafana and alert rules for Prometheus](../guide/monitoring.md) come with the operator.",
    "",
    "| Metric | Type | Labels | Meaning |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** docs/reference/metrics.md, from the metrics themselves. */
export const metrics: Generator = {
  files: () => Promise.resolve(new Map([["docs/reference/metrics.md", render()]])),
};
