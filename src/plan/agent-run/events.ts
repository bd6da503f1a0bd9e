import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { EventIntent } from "../../kube/plan.ts";

/** The event that a new status deserves: one for each change of phase or reason, none for a repetition. */
export function eventsOf(run: AgentRun, next: AgentRunStatus): EventIntent[] {
  const before = run.status;
  if (before?.phase === next.phase && before.reason === next.reason) return [];
  const bad = next.phase === "Failed" || next.phase === "TimedOut" || isHeldUp(next);
  const note = next.phase === "Succeeded" ? `${next.message}${spent(next)}` : (next.message ?? "");
  return [
    {
      type: bad ? "Warning" : "Normal",
      reason: next.reason ?? next.phase,
      action: ACTIONS[next.phase],
      note,
    },
  ];
}

const ACTIONS: Readonly<Record<AgentRunStatus["phase"], string>> = {
  Pending: "Resolve",
  Initializing: "Start",
  Running: "Run",
  Succeeded: "Finish",
  Failed: "Finish",
  TimedOut: "Finish",
};

function isHeldUp({ phase, reason }: AgentRunStatus): boolean {
  return phase === "Initializing" && reason !== "JobCreated" && reason !== "Queued";
}

function spent({ result, usage }: AgentRunStatus): string {
  const turns = result?.turns === undefined ? "" : ` in ${result.turns} turns`;
  const cost = usage?.costUSD === undefined ? "" : `, $${usage.costUSD}`;
  return turns + cost;
}
