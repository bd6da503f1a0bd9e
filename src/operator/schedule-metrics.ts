import { Counter, Gauge, type Registry } from "prom-client";
import type { AgentSchedule } from "../api/agent-schedule.ts";
import { findCondition } from "../api/conditions.ts";
import { REASONS } from "../api/reasons.ts";
import type { ReasonFacts } from "../api/reason-facts.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import type { Condition } from "../kube/objects.ts";

/** What the metrics of schedules are made from. */
export interface ScheduleMetricsSource {
  schedules: Pick<Reflector<AgentSchedule>, "list" | "onChange">;
  /** Every replica sees every schedule; the one that leads counts it. */
  isLeading(): boolean;
}

const SCHEDULE_REASONS = Object.entries<ReasonFacts>(REASONS).flatMap(([reason, { kinds }]) =>
  kinds.includes("AgentSchedule") ? [reason] : [],
);

/** Metrics of AgentSchedules: how they are, and what became of their times while this process led. */
export function observeSchedules(registry: Registry, { schedules, isLeading }: ScheduleMetricsSource): void {
  const registers = [registry];
  const states: Gauge<"reason"> = new Gauge({
    name: "agent_operator_schedules",
    help: "AgentSchedules that exist, by the reason of their condition Ready; from the replica that leads",
    labelNames: ["reason"],
    registers,
    collect: () => {
      for (const reason of SCHEDULE_REASONS) states.set({ reason }, 0);
      for (const schedule of isLeading() ? schedules.list() : [])
        states.inc({ reason: readyOf(schedule)?.reason ?? "Unknown" });
    },
  });
  const times = new Counter({
    name: "agent_operator_schedule_times_total",
    help: "Times of AgentSchedules by outcome: Started, or Missed",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of ["Started", "Missed"]) times.inc({ outcome }, 0);
  schedules.onChange(({ old, new: now }) => {
    if (!old || !now || !isLeading()) return;
    const { lastScheduleTime } = now.status ?? {};
    if (lastScheduleTime !== undefined && lastScheduleTime !== old.status?.lastScheduleTime)
      times.inc({ outcome: "Started" });
    const [before, ready] = [readyOf(old), readyOf(now)];
    // The message names the time.
    if (ready?.reason === "MissedSchedule" && ready.message !== before?.message)
      times.inc({ outcome: "Missed" });
  });
}

function readyOf({ status }: AgentSchedule): Condition | undefined {
  return findCondition(status?.conditions, "Ready");
}
