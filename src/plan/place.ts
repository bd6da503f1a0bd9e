import { agentNamed } from "../agents/registry.ts";
import type { AgentRun, AgentRunSpec } from "../api/agent-run.ts";

/** The run that has made a checkout: claim, worktree and record have its name. */
export interface Place {
  name: string;
  uid: string;
}

/** Whose checkout the run works in: its own, or that of the first of the runs that continue each other. */
export function placeOf({ metadata, status }: AgentRun): Place {
  const { checkout } = status?.continued ?? {};
  if (checkout) return { name: checkout.run, uid: checkout.uid };
  return { name: metadata.name ?? "", uid: metadata.uid ?? "" };
}

/** Whether only steps follow what another run has left: no agent starts. */
export function isStepsOnly({ continueFrom, prompt, promptFrom }: AgentRunSpec): boolean {
  return continueFrom !== undefined && prompt === undefined && promptFrom === undefined;
}

/** The run with what it has taken over from another one as if it were its own spec. */
export function withContinued<R extends AgentRun>(run: R): R {
  const { continued } = run.status ?? {};
  if (!continued) return run;
  const { repository, additionalRepositories, workspaceRef, worktree, agent, command, publishBranch } =
    continued;
  const { spec } = run;
  const taken = spec.agent === undefined ? agentNamed(agent)?.name : undefined;
  return {
    ...run,
    spec: {
      ...spec,
      ...(repository && { repository }),
      ...(additionalRepositories && { additionalRepositories }),
      ...(workspaceRef !== undefined && { workspaceRef }),
      ...(worktree && { worktree }),
      ...(taken !== undefined && { agent: taken, ...(command && { command }) }),
      ...(spec.publish && {
        publish: { ...(publishBranch !== undefined && { branch: publishBranch }), ...spec.publish },
      }),
    },
  };
}
