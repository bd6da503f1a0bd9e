import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { timestamp } from "../../kube/time.ts";
import type { ObservedRun } from "./observed.ts";
import { planPublish, publishingStage } from "./publish.ts";
import { isAfterAgent, type RunPlan, stepOf, stepStatus } from "./step.ts";
import * as status from "./status.ts";
import { planVerify, verifyingStage } from "./verify.ts";

/** The status of a run whose agent has just succeeded; undefined if nothing follows. */
export function afterAgentStatus(run: AgentRun, now: number): AgentRunStatus | undefined {
  const { verify, publish } = run.spec;
  if (!verify && !publish) return undefined;
  const { verification: _, ...earlier } = run.status ?? { phase: "Running" };
  return stepStatus(
    { ...run, status: earlier },
    verify ? verifyingStage({ ...run, status: earlier }) : publishingStage(run),
    now,
  );
}

/** The status of a run that begins with its steps, on what another one has left. */
export function stepsStatus(run: AgentRun, now: number): AgentRunStatus {
  const at = timestamp(now);
  const { continued } = run.status ?? {};
  const told = status.enterStage(run, status.runningStage(), now);
  const facts = { startTime: at, agentEndedAt: at, agent: continued?.agent };
  return { ...(afterAgentStatus({ ...run, status: told }, now) ?? told), ...facts };
}

/** What is to be done about a run whose agent has succeeded; undefined: that is not so, or nothing follows. */
export function planSteps(observed: ObservedRun): RunPlan | undefined {
  const { run } = observed;
  if (!isAfterAgent(run)) return undefined;
  return stepOf(run).step === "publish" ? planPublish(observed) : planVerify(observed);
}
