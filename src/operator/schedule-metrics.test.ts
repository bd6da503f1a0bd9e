import assert from "node:assert/strict";
import { it } from "node:test";
import { Registry } from "prom-client";
import type { AgentSchedule, AgentScheduleStatus } from "../api/agent-schedule.ts";
import { observeSchedules } from "./schedule-metrics.ts";

const LATE = "2026-01-01T01:00:00Z";
const ready = (reason: string, message = ""): AgentScheduleStatus => ({
  conditions: [{ type: "Ready", status: "True", reason, message, lastTransitionTime: LATE }],
});

it("metrics of schedules count each time once, and only what the leader sees", async () => {
  const registry = new Registry();
  const schedules = new Map<string, AgentSchedule>();
  const listeners: ((change: { old?: AgentSchedule; new?: AgentSchedule }) => void)[] = [];
  let isLeading = true;
  const onChange = (listener: (typeof listeners)[number]) => void listeners.push(listener);
  const source = { list: () => schedules.values(), onChange };
  observeSchedules(registry, { schedules: source as never, isLeading: () => isLeading });
  const set = (name: string, status: AgentScheduleStatus): void => {
    const spec = { schedule: "@daily", runTemplate: { spec: { prompt: "x" } } };
    const old = schedules.get(name);
    const next = { metadata: { namespace: "team", name }, spec, status };
    schedules.set(name, next);
    for (const tell of listeners) tell({ ...(old && { old }), new: next });
  };
  const lines = async (): Promise<string[]> =>
    (await registry.metrics()).split("\n").filter((line) => /^agent.* [1-9]/.test(line));

  set("a", { ...ready("Scheduling"), lastScheduleTime: LATE });
  assert.deepEqual(
    await lines(),
    ['agent_operator_schedules{reason="Scheduling"} 1'],
    "what was there is not counted",
  );
  set("a", { ...ready("Scheduling"), lastScheduleTime: "2026-01-01T02:00:00Z" });
  set("a", { ...ready("Scheduling"), lastScheduleTime: "2026-01-01T02:00:00Z", activeCount: 1 });
  set("b", ready("Suspended"));
  for (const at of ["03:00", "03:00", "04:00"]) set("b", ready("MissedSchedule", `${at} is missed`));
  assert.deepEqual((await lines()).toSorted(), [
    'agent_operator_schedule_times_total{outcome="Missed"} 2',
    'agent_operator_schedule_times_total{outcome="Started"} 1',
    'agent_operator_schedules{reason="MissedSchedule"} 1',
    'agent_operator_schedules{reason="Scheduling"} 1',
  ]);
  isLeading = false;
  set("a", { ...ready("Scheduling"), lastScheduleTime: "2026-01-01T05:00:00Z" });
  assert.equal((await lines()).length, 2);
});
