import type { AgentNotifierSpec, RunEvent } from "../../api/agent-notifier.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import { labelSelectorOf, labelsMatch, type LabelSelector } from "../../kube/selectors.ts";
import { timeOf } from "../../kube/time.ts";
import { isFinished } from "../agent-run/status.ts";

/** How much of a run is settled: its start, or all of it. */
export const STARTED = 1;
export const OVER = 2;
export type Settled = typeof STARTED | typeof OVER;

/** What a notifier reports. */
export interface NotifierRule {
  selector: LabelSelector;
  events: ReadonlySet<RunEvent>;
  /** Milliseconds since the epoch: what happened before is not reported. */
  since: number;
}

/** An event that the sink is to be told of. */
export interface DueEvent {
  run: AgentRun;
  event: RunEvent;
  /** Milliseconds since the epoch. */
  at: number;
  /** What is settled of the run once the sink has taken it. */
  settles: Settled;
}

const DEFAULT_EVENTS: readonly RunEvent[] = ["Succeeded", "Failed", "TimedOut"];

export function ruleOf({ runSelector = {}, events }: AgentNotifierSpec, since: number): NotifierRule {
  const { matchLabels, matchExpressions } = runSelector;
  const selector = labelSelectorOf({
    ...(matchLabels && { matchLabels }),
    ...(matchExpressions && {
      matchExpressions: matchExpressions.map(({ key, operator, values = [] }) => ({ key, operator, values })),
    }),
  });
  return { selector, events: new Set(events ?? DEFAULT_EVENTS), since };
}

/**
 * The next event of a run that is due. "over": the run has ended and is none of the notifier's, which is remembered, so that
 * another selector reports no old runs. Undefined: nothing so far, or nothing more.
 */
export function dueOf(
  run: AgentRun,
  { selector, events, since }: NotifierRule,
  settled: Settled | undefined,
): DueEvent | "over" | undefined {
  if (settled === OVER) return undefined;
  const { status } = run;
  const end = endOf(run);
  const endedAt = timeOf(status?.completionTime, since);
  if (end !== undefined && endedAt < since) return undefined;
  const isSelected = labelsMatch(selector, run.metadata.labels);
  const startedAt = timeOf(status?.startTime, 0);
  if (isSelected && settled === undefined && events.has("Started") && startedAt > 0 && startedAt >= since)
    return { run, event: "Started", at: startedAt, settles: STARTED };
  if (end === undefined) return undefined;
  return isSelected && events.has(end) ? { run, event: end, at: endedAt, settles: OVER } : "over";
}

function endOf(run: AgentRun): RunEvent | undefined {
  const phase = run.status?.phase;
  return isFinished(run) && (phase === "Succeeded" || phase === "Failed" || phase === "TimedOut")
    ? phase
    : undefined;
}
