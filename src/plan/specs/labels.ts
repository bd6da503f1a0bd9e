import {
  LABEL_AGENT_TYPE,
  LABEL_COMPONENT,
  LABEL_INSTANCE,
  LABEL_MANAGED_BY,
  LABEL_NAME,
  LABEL_RUN,
  LABEL_STEP,
  LABEL_WORKSPACE,
  OPERATOR_NAME,
} from "../../api/labels.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import type { RunStep } from "./names.ts";

/** On the Job, pod and claim of a run. */
export function runLabels(run: Pick<ResolvedRun, "name" | "agent" | "workspace">): Record<string, string> {
  return {
    [LABEL_NAME]: OPERATOR_NAME,
    [LABEL_INSTANCE]: run.name,
    [LABEL_COMPONENT]: RUN_COMPONENT,
    [LABEL_MANAGED_BY]: OPERATOR_NAME,
    [LABEL_AGENT_TYPE]: run.agent,
    [LABEL_RUN]: run.name,
    ...(run.workspace ? { [LABEL_WORKSPACE]: run.workspace.name } : {}),
  };
}

/** On the Job and pods of a step that follows a run's agent. */
export function stepLabels(
  run: { name: string; workspace?: { name: string } },
  step: RunStep,
): Record<string, string> {
  return {
    [LABEL_NAME]: OPERATOR_NAME,
    [LABEL_INSTANCE]: run.name,
    [LABEL_COMPONENT]: step,
    [LABEL_MANAGED_BY]: OPERATOR_NAME,
    [LABEL_RUN]: run.name,
    [LABEL_STEP]: step,
    ...(run.workspace ? { [LABEL_WORKSPACE]: run.workspace.name } : {}),
  };
}

/** On the init Job, its pods and the claims of a workspace. */
export function workspaceLabels(name: string): Record<string, string> {
  return {
    [LABEL_NAME]: OPERATOR_NAME,
    [LABEL_INSTANCE]: name,
    [LABEL_COMPONENT]: WORKSPACE_COMPONENT,
    [LABEL_MANAGED_BY]: OPERATOR_NAME,
    [LABEL_WORKSPACE]: name,
  };
}

/** Tells the claims of caches from those of runs and workspaces. */
export const CACHE_COMPONENT = "cache";

/** Tells a run's children from a workspace's. */
export const RUN_COMPONENT = "run";

/** Tells a workspace's children from a run's. */
export const WORKSPACE_COMPONENT = "workspace";

/** The Job that removes a run's worktree; a child of the workspace that is about a run. */
export const CLEANUP_COMPONENT = "cleanup";
