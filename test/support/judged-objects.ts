import type { AgentConfig } from "../../src/api/agent-config.ts";
import type { AgentProvider } from "../../src/api/agent-provider.ts";
import type { AgentRun, AgentRunStatus } from "../../src/api/agent-run.ts";
import type { AgentSchedule } from "../../src/api/agent-schedule.ts";
import { planConfig } from "../../src/plan/agent-config.ts";
import { planProvider } from "../../src/plan/agent-provider.ts";
import * as stages from "../../src/plan/agent-run/status.ts";
import { planSchedule } from "../../src/plan/agent-schedule/plan.ts";
import type { KStatus } from "./kstatus.ts";

export const NOW = Date.parse("2026-01-01T00:00:00Z");
export const METADATA = { name: "it", namespace: "team", generation: 1 };

/** A run with this status. */
export function aRun(status?: AgentRunStatus): AgentRun {
  return { metadata: METADATA, spec: { prompt: "work" }, ...(status && { status }) };
}

/** Every way that a run can be, with what kstatus makes of it and whether it has ended. */
export const RUN_STAGES: [stages.Stage, kstatus: KStatus, finished: boolean][] = [
  [stages.waitingStage("ProviderNotFound", "no provider"), "InProgress", false],
  [stages.initializingStage("JobCreated", "a Job"), "InProgress", false],
  [stages.runningStage(), "InProgress", false],
  [stages.endedStage("Succeeded", "Completed", "done"), "Current", true],
  [stages.endedStage("Failed", "AgentFailed", "no"), "Failed", true],
  [stages.endedStage("TimedOut", "DeadlineExceeded", "late"), "Failed", true],
];

/** A provider whose Secret has these keys; without them there is no Secret. */
export function aProvider(secretKeys?: readonly string[]): AgentProvider {
  const provider = { metadata: METADATA, spec: { authTokenSecretRef: { name: "s", key: "k" } } };
  const { status } = planProvider({
    provider,
    now: "2026-01-01T00:00:00Z",
    ...(secretKeys && { secretKeys: [...secretKeys] }),
  });
  return { ...provider, ...(status && { status }) };
}

/** The first of two AgentConfigs, or the second one, which does not count. */
export function aConfig(name: "default" | "second"): AgentConfig {
  const all = ["default", "second"].map((each) => ({ metadata: { ...METADATA, name: each } }));
  const config = { metadata: { ...METADATA, name } };
  const { status } = planConfig({ config, all, claims: [], pods: [], now: "2026-01-01T00:00:00Z" });
  return { ...config, ...(status && { status }) };
}

/** A schedule as the operator leaves it. */
export function aSchedule(spec: Partial<AgentSchedule["spec"]>): AgentSchedule {
  const runTemplate = { spec: { prompt: "work" } };
  const schedule = { metadata: METADATA, spec: { schedule: "0 * * * *", runTemplate, ...spec } };
  const { status } = planSchedule({ schedule, runs: [], now: NOW });
  return { ...schedule, ...(status && { status }) };
}
