import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { AgentRun } from "../api/agent-run.ts";
import { findCondition } from "../api/conditions.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import type { Reflector } from "../client/cache/reflector.ts";

/** Seconds: from a quick question to the longest timeout that is common. */
const DURATION_BUCKETS = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400];

/** Metrics of AgentRuns: those that exist by phase, and what those that ended while this process watched came to. */
export function observeRuns(registry: Registry, runs: Pick<Reflector<AgentRun>, "list" | "onChange">): void {
  const registers = [registry];
  const labels = ["agent", "provider"];
  const phases = new Gauge({
    name: "agent_operator_runs",
    help: "AgentRuns that exist, by phase",
    labelNames: ["phase"],
    registers,
    collect: () => {
      phases.reset();
      for (const run of runs.list()) phases.inc({ phase: phaseOf(run) });
    },
  });
  const queued = new Gauge({
    name: "agent_operator_runs_queued",
    help: "AgentRuns that wait for a place under maxRunning",
    registers,
    collect: () => {
      queued.set([...runs.list()].filter(isQueued).length);
    },
  });
  const finished = new Counter({
    name: "agent_operator_runs_finished_total",
    help: "AgentRuns that ended, by phase, reason and outcome",
    labelNames: ["phase", "reason", "outcome", ...labels],
    registers,
  });
  const duration = new Histogram({
    name: "agent_operator_run_duration_seconds",
    help: "Time from the creation of a run's Job to the run's end",
    labelNames: ["phase", ...labels],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const tokens = new Counter({
    name: "agent_operator_run_tokens_total",
    help: "Tokens that ended runs used, as the agents reported them, by kind",
    labelNames: ["kind", ...labels],
    registers,
  });
  const cost = new Counter({
    name: "agent_operator_run_cost_usd_total",
    help: "US dollars that ended runs cost, as the agents reported them",
    labelNames: labels,
    registers,
  });
  const publications = new Counter({
    name: "agent_operator_publications_total",
    help: "Ended runs that were to publish their work, by what became of that: the reason of the condition Published",
    labelNames: ["reason"],
    registers,
  });
  runs.onChange(({ old, new: run }) => {
    if (!old || !run || isFinished(old) || !isFinished(run)) return;
    const { agent = "", provider = "", reason = "", outcome = "", result, attempts = [] } = run.status ?? {};
    const phase = phaseOf(run);
    finished.inc({ phase, reason, outcome, agent, provider });
    const published = findCondition(run.status?.conditions, "Published");
    if (published) publications.inc({ reason: published.reason });
    const seconds = secondsOf(run);
    if (seconds !== undefined) duration.observe({ phase, agent, provider }, seconds);
    for (const each of [...attempts.map((attempt) => attempt.result), result]) {
      for (const [kind, count] of Object.entries(each?.tokens ?? {}))
        tokens.inc({ kind, agent, provider }, count);
      if (each?.costUSD !== undefined) cost.inc({ agent, provider }, Number(each.costUSD));
    }
  });
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
