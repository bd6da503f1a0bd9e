import { stringify } from "yaml";
import { eventPanels, type Panel, type Query } from "./dashboard-events.ts";
import { type Generator, NOTICE } from "./generator.ts";

interface Dashboard {
  title: string;
  uid: string;
  description: string;
  /** Labels that the reader can choose values of, and a metric that has them. */
  variables: readonly (readonly [label: string, metric: string])[];
  panels: readonly Panel[];
}

const RUNS = 'namespace=~"$namespace",agent=~"$agent",provider=~"$provider"';
const ended = (more = ""): string => `agent_operator_runs_finished_total{${RUNS}${more}}`;
const NOT_CANCELLED = ',reason!="Cancelled"';

const runs: Dashboard = {
  title: "Agent Operator: runs",
  uid: "agent-operator-runs",
  description: "What agents did: runs, their ends, time, tokens and cost.",
  variables: [
    ["namespace", "agent_operator_runs_finished_total"],
    ["agent", "agent_operator_runs_finished_total"],
    ["provider", "agent_operator_runs_finished_total"],
  ],
  panels: [
    {
      title: "Runs by phase",
      description: "AgentRuns that exist now. Many that stay Pending wait for something: see their reason.",
      unit: "short",
      queries: [['sum by (phase) (agent_operator_runs{namespace=~"$namespace"})', "{{phase}}"]],
    },
    {
      title: "Runs that wait for a place",
      description: "Runs that maxRunning of an AgentConfig or AgentProvider holds back, in all namespaces.",
      unit: "short",
      queries: [["sum(agent_operator_runs_queued)", "queued"]],
    },
    {
      title: "Runs that ended, by reason",
      description: "The reference of reasons says what each means and what to do.",
      unit: "short",
      queries: [
        [`sum by (phase, reason) (increase(${ended()}[$__rate_interval])) > 0`, "{{phase}} {{reason}}"],
      ],
    },
    {
      title: "Share of runs that succeeded",
      description: "Of the runs that ended within an hour, without those that somebody has cancelled.",
      unit: "percentunit",
      queries: [
        [
          `sum by (agent) (increase(${ended(',phase="Succeeded"')}[1h])) / (sum by (agent) (increase(${ended(NOT_CANCELLED)}[1h])) > 0)`,
          "{{agent}}",
        ],
      ],
    },
    {
      title: "What runs left behind",
      description: "Nothing, changes that were not committed, or commits.",
      unit: "short",
      queries: [
        [
          `sum by (outcome) (increase(agent_operator_run_outcomes_total{${RUNS}}[$__rate_interval]))`,
          "{{outcome}}",
        ],
      ],
    },
    {
      title: "Work that was published",
      description: "What became of runs with publish, in all namespaces.",
      unit: "short",
      queries: [
        ["sum by (reason) (increase(agent_operator_publications_total[$__rate_interval])) > 0", "{{reason}}"],
      ],
    },
    {
      title: "Duration of runs",
      description:
        "From the creation of the Job to the run's end, in all namespaces: median and 95th percentile.",
      unit: "s",
      queries: [0.5, 0.95].map((quantile): Query => [
        `histogram_quantile(${quantile}, sum by (le, agent) (rate(agent_operator_run_duration_seconds_bucket{agent=~"$agent",provider=~"$provider"}[1h])))`,
        `{{agent}} p${quantile * 100}`,
      ]),
    },
    {
      title: "Cost",
      description: "US dollars an hour as the agents report them. Codex and Gemini CLI report no cost.",
      unit: "currencyUSD",
      queries: [
        [
          `sum by (namespace, provider) (increase(agent_operator_run_cost_usd_total{${RUNS}}[1h])) > 0`,
          "{{namespace}} {{provider}}",
        ],
      ],
    },
    {
      title: "Tokens",
      description: "Tokens an hour by kind: sent, received, read from and written to the provider's cache.",
      unit: "short",
      queries: [[`sum by (kind) (increase(agent_operator_run_tokens_total{${RUNS}}[1h]))`, "{{kind}}"]],
    },
  ],
};

const CONTROLLER = 'controller=~"$controller"';

const operator: Dashboard = {
  title: "Agent Operator: health",
  uid: "agent-operator",
  description: "Whether the operator keeps up, and what it asks of the API server.",
  variables: [["controller", "agent_operator_reconciles_total"]],
  panels: [
    {
      title: "Leader",
      description: "1 for the replica that works. For longer than 20 s none: see the replicas' logs.",
      unit: "short",
      queries: [["agent_operator_leader", "{{pod}}"]],
    },
    {
      title: "Reconciles by outcome",
      description: "Conflict and NotLeading are usual now and then. Bug is a fault in the operator.",
      unit: "ops",
      queries: [
        [
          `sum by (controller, outcome) (rate(agent_operator_reconciles_total{${CONTROLLER}}[$__rate_interval])) > 0`,
          "{{controller}} {{outcome}}",
        ],
      ],
    },
    {
      title: "Duration of reconciles",
      description: "95th percentile. Most of it is the API server's time.",
      unit: "s",
      queries: [
        [
          `histogram_quantile(0.95, sum by (le, controller) (rate(agent_operator_reconcile_duration_seconds_bucket{${CONTROLLER}}[$__rate_interval])))`,
          "{{controller}}",
        ],
      ],
    },
    {
      title: "Queue",
      description: "Objects that wait for a reconcile or have one under way.",
      unit: "short",
      queries: [[`sum by (controller) (agent_operator_queue_depth{${CONTROLLER}})`, "{{controller}}"]],
    },
    {
      title: "Wait in the queue",
      description: "95th percentile of the time from a change to its reconcile.",
      unit: "s",
      queries: [
        [
          `histogram_quantile(0.95, sum by (le, controller) (rate(agent_operator_queue_wait_seconds_bucket{${CONTROLLER}}[$__rate_interval])))`,
          "{{controller}}",
        ],
      ],
    },
    {
      title: "Requests to the API server",
      description:
        "By verb and code. 0: no answer. 409 is usual, 403 a missing permission, 429 too much load.",
      unit: "ops",
      queries: [
        [
          "sum by (verb, code) (rate(agent_operator_api_requests_total[$__rate_interval]))",
          "{{verb}} {{code}}",
        ],
      ],
    },
    {
      title: "Watches that broke",
      description: "They are resumed. If one breaks again and again, changes are seen late.",
      unit: "short",
      queries: [
        [
          "sum by (resource, reason) (increase(agent_operator_watch_failures_total[$__rate_interval]))",
          "{{resource}} {{reason}}",
        ],
      ],
    },
    {
      title: "Events that were not written",
      description: "Too many at once, or refused by the API server. Statuses are not affected.",
      unit: "short",
      queries: [
        ["sum by (why) (increase(agent_operator_events_dropped_total[$__rate_interval]))", "{{why}}"],
      ],
    },
    {
      title: "Memory",
      description: "Resident memory of each replica; it grows with the number of runs that exist.",
      unit: "bytes",
      queries: [["process_resident_memory_bytes and on (pod) agent_operator_leader", "{{pod}}"]],
    },
    {
      title: "CPU",
      description: "Cores that each replica uses.",
      unit: "short",
      queries: [
        ["rate(process_cpu_seconds_total[$__rate_interval]) and on (pod) agent_operator_leader", "{{pod}}"],
      ],
    },
    ...eventPanels,
  ],
};

const SOURCE = { type: "prometheus", uid: "${datasource}" };

function panel({ title, description, unit, queries }: Panel, index: number): object {
  return {
    id: index + 1,
    title,
    description,
    type: "timeseries",
    datasource: SOURCE,
    gridPos: { x: (index % 2) * 12, y: Math.floor(index / 2) * 8, w: 12, h: 8 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(([expr, legendFormat], at) => ({
      refId: String.fromCodePoint(65 + at),
      datasource: SOURCE,
      expr,
      legendFormat,
    })),
  };
}

function variable([label, metric]: readonly [string, string]): object {
  const query = `label_values(${metric}, ${label})`;
  return {
    name: label,
    label,
    type: "query",
    datasource: SOURCE,
    definition: query,
    query: { query, refId: "A" },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    // Also what has no value, such as the provider of a run with its own program.
    allValue: ".*",
    current: { text: ["All"], value: ["$__all"] },
  };
}

function dashboardJson({ title, uid, description, variables, panels }: Dashboard): string {
  const datasource = { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" };
  const dashboard = {
    title,
    uid,
    description,
    schemaVersion: 39,
    version: 1,
    editable: true,
    tags: ["agent-operator"],
    time: { from: "now-6h", to: "now" },
    refresh: "30s",
    templating: { list: [datasource, ...variables.map((each) => variable(each))] },
    panels: panels.map((each, index) => panel(each, index)),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

const FILES: Readonly<Record<string, string>> = {
  "runs.json": dashboardJson(runs),
  "operator.json": dashboardJson(operator),
};

const COMPONENT = "config/components/grafana-dashboards";

/** Where the chart takes the same files from, because a template cannot hold the braces that they have. */
export const CHART_DASHBOARDS = "dashboards";

/** Dashboards for Grafana as files, and as the ConfigMap that its sidecar finds. */
export const dashboards: Generator = {
  files: () => {
    const component = {
      apiVersion: "kustomize.config.k8s.io/v1alpha1",
      kind: "Component",
      configMapGenerator: [
        {
          name: "agent-operator-dashboards",
          namespace: "agent-operator-system",
          files: Object.keys(FILES),
          options: {
            disableNameSuffixHash: true,
            labels: { "app.kubernetes.io/name": "agent-operator", grafana_dashboard: "1" },
          },
        },
      ],
    };
    const files = new Map([[`${COMPONENT}/kustomization.yaml`, `# ${NOTICE}\n${stringify(component)}`]]);
    for (const [name, text] of Object.entries(FILES))
      for (const folder of [COMPONENT, `charts/agent-operator/${CHART_DASHBOARDS}`])
        files.set(`${folder}/${name}`, text);
    return Promise.resolve(files);
  },
  folder: COMPONENT,
};
