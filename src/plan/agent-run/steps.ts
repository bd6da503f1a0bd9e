import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { ObservedRun } from "./observed.ts";
import { planPublish, publishingStage } from "./publish.ts";
import { isAfterAgent, type RunPlan, stepOf, stepStatus } from "./step.ts";
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

/** What is to be done about a run whose agent has succeeded; undefined: that is not so, or nothing follows. */
export function planSteps(observed: ObservedRun): RunPlan | undefined {
  const { run } = observed;
  if (!isAfterAgent(run)) return undefined;
  return stepOf(run).step === "publish" ? planPublish(observed) : planVerify(observed);
}
