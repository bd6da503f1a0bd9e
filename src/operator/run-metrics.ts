import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { AgentRun } from "../api/agent-run.ts";
import { findCondition } from "../api/conditions.ts";
import { RUN_PHASES } from "../api/fields/run-status.ts";
import { FORGE_REFUSALS, PUSH_REFUSALS } from "../api/publish-reasons.ts";
import { type Reason, REASONS } from "../api/reasons.ts";
import type { ReasonFacts } from "../api/reason-facts.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import { boundedLabel } from "./bounded-label.ts";

/** What the metrics of runs are made from. */
export interface RunMetricsSource {
  runs: Pick<Reflector<AgentRun>, "list" | "onChange">;
  /** Every replica sees every run; the one that leads counts it. */
  isLeading(): boolean;
}

/** Namespaces that have their own label; all further ones share `other`. */
const MAX_NAMESPACES = 50;

/** Seconds: from a quick question to the longest timeout that is common. */
const DURATION_BUCKETS = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400];

const TOKEN_KINDS = ["input", "output", "cacheRead", "cacheWrite"] as const;
const OUTCOMES = ["NoChanges", "Changed", "Committed"] as const;

const PUBLICATIONS: ReadonlySet<Reason> = new Set<Reason>([
  "Published",
  "NothingToPublish",
  ...PUSH_REFUSALS,
  ...FORGE_REFUSALS,
  "ForgeUnknown",
  "PublishFailed",
]);

/** Every end that a run can have. */
const ENDS = Object.entries<ReasonFacts>(REASONS).flatMap(([reason, { kinds, phases, terminal }]) =>
  terminal && kinds.includes("AgentRun") ? phases.map((phase) => ({ phase, reason })) : [],
);

/** Metrics of AgentRuns: those that exist by phase, and what those that ended while this process led came to. */
export function observeRuns(registry: Registry, source: RunMetricsSource): void {
  const namespaceOf = boundedLabel(MAX_NAMESPACES);
  const counters = createCounters(registry);
  createGauges(registry, source, namespaceOf);
  const known = new Set<string>();
  source.runs.onChange(({ old, new: run }) => {
    if (!run || !isResolved(run)) return;
    const { agent = "", provider = "" } = run.status ?? {};
    const labels = { namespace: namespaceOf(run.metadata.namespace ?? ""), agent, provider };
    const key = JSON.stringify(labels);
    if (!known.has(key)) startAtZero(counters, labels);
    known.add(key);
    if (old && !isFinished(old) && isFinished(run) && source.isLeading()) count(counters, run, labels);
  });
}

interface RunLabels {
  namespace: string;
  agent: string;
  provider: string;
}

function createGauges(
  registry: Registry,
  { runs, isLeading }: RunMetricsSource,
  namespaceOf: (name: string) => string,
): void {
  const registers = [registry];
  const phases = new Gauge({
    name: "agent_operator_runs",
    help: "AgentRuns that exist, by phase; from the replica that leads",
    labelNames: ["namespace", "phase"],
    registers,
    collect: () => {
      phases.reset();
      for (const [namespace, counts] of countPhases(isLeading() ? runs.list() : [], namespaceOf))
        for (const phase of RUN_PHASES) phases.set({ namespace, phase }, counts.get(phase) ?? 0);
    },
  });
  const queued = new Gauge({
    name: "agent_operator_runs_queued",
    help: "AgentRuns that wait for a place under maxRunning; from the replica that leads",
    registers,
    collect: () => {
      queued.set(isLeading() ? [...runs.list()].filter(isQueued).length : 0);
    },
  });
}

/** How many runs there are, by namespace and phase: counted first, because a series is looked up by all its labels. */
function countPhases(
  runs: Iterable<AgentRun>,
  namespaceOf: (name: string) => string,
): Map<string, Map<string, number>> {
  const namespaces = new Map<string, Map<string, number>>();
  for (const run of runs) {
    const namespace = namespaceOf(run.metadata.namespace ?? "");
    const counts = namespaces.get(namespace) ?? new Map<string, number>();
    const phase = phaseOf(run);
    namespaces.set(namespace, counts.set(phase, (counts.get(phase) ?? 0) + 1));
  }
  return namespaces;
}

type RunCounters = ReturnType<typeof createCounters>;

function createCounters(registry: Registry) {
  const registers = [registry];
  const labels = ["namespace", "agent", "provider"] as const;
  const counter = <Name extends string>(name: string, help: string, labelNames: readonly Name[]) =>
    new Counter({ name: `agent_operator_${name}`, help, labelNames, registers });
  const publications = counter(
    "publications_total",
    "Ended runs that were to publish their work, by what became of that: the reason of the condition Published",
    ["reason"],
  );
  for (const reason of PUBLICATIONS) publications.inc({ reason }, 0);
  return {
    publications,
    finished: counter("runs_finished_total", "AgentRuns that ended, by phase and reason", [
      "phase",
      "reason",
      ...labels,
    ]),
    outcomes: counter("run_outcomes_total", "AgentRuns that ended, by what their agents left behind", [
      "outcome",
      ...labels,
    ]),
    tokens: counter("run_tokens_total", "Tokens that ended runs used, as the agents reported them, by kind", [
      "kind",
      ...labels,
    ]),
    cost: counter(
      "run_cost_usd_total",
      "US dollars that ended runs cost, as the agents reported them",
      labels,
    ),
    duration: new Histogram({
      name: "agent_operator_run_duration_seconds",
      help: "Time from the creation of a run's Job to the run's end",
      labelNames: ["phase", "agent", "provider"],
      buckets: DURATION_BUCKETS,
      registers,
    }),
  };
}

/** A counter that is born at 1 has no increase: what can come of such runs is 0 from the first one on. */
function startAtZero({ finished, outcomes, tokens, cost }: RunCounters, labels: RunLabels): void {
  for (const end of ENDS) finished.inc({ ...end, ...labels }, 0);
  for (const outcome of OUTCOMES) outcomes.inc({ outcome, ...labels }, 0);
  for (const kind of TOKEN_KINDS) tokens.inc({ kind, ...labels }, 0);
  cost.inc({ ...labels }, 0);
}

function count(counters: RunCounters, run: AgentRun, labels: RunLabels): void {
  const { reason = "", outcome, result, attempts = [] } = run.status ?? {};
  const phase = phaseOf(run);
  counters.finished.inc({ phase, reason, ...labels });
  if (outcome !== undefined) counters.outcomes.inc({ outcome, ...labels });
  const published = findCondition(run.status?.conditions, "Published");
  if (published) counters.publications.inc({ reason: published.reason });
  const { agent, provider } = labels;
  const seconds = secondsOf(run);
  if (seconds !== undefined) counters.duration.observe({ phase, agent, provider }, seconds);
  for (const each of [...attempts.map((attempt) => attempt.result), result]) {
    for (const [kind, tokens] of Object.entries(each?.tokens ?? {}))
      counters.tokens.inc({ kind, ...labels }, tokens);
    if (each?.costUSD !== undefined) counters.cost.inc({ ...labels }, Number(each.costUSD));
  }
}

/** Whether it is known which agent and provider it has. */
function isResolved({ status }: AgentRun): boolean {
  return status?.agent !== undefined && (status.provider !== undefined || status.phase !== "Pending");
}

function isQueued({ status }: AgentRun): boolean {
  return status?.phase === "Pending" && status.reason === "Queued";
}

function phaseOf({ status }: AgentRun): string {
  return status?.phase ?? "Pending";
}

function secondsOf({ status }: AgentRun): number | undefined {
  const { startTime, completionTime } = status ?? {};
  if (startTime === undefined || completionTime === undefined) return undefined;
  return Math.max(0, (Date.parse(completionTime) - Date.parse(startTime)) / 1000);
}
