import type { AgentRun } from "../../api/agent-run.ts";
import type { References } from "./observed.ts";
import { isFinished } from "./status.ts";

/** As many names as an environment variable should hold. */
const MAX_NAMES = 200;

/** Runs of the same workspace that have ended and may have left their worktree on the branch that this run wants. */
export function releasedBy({ metadata, spec }: AgentRun, references: References): string[] {
  const { workspace, workspaceRuns = [] } = references;
  const wanted = spec.worktree?.branch;
  const live = new Set(workspaceRuns.filter((run) => !isFinished(run)).map(nameOf));
  const listed = (workspace?.status?.worktrees ?? []).filter(({ branch }) => branch === wanted);
  const ended = workspaceRuns.filter((run) => branchesOf(run).includes(wanted));
  const names = new Set([...listed.map(({ run }) => run), ...ended.map(nameOf)]);
  return [...names].filter((name) => !live.has(name) && name !== metadata.name).slice(0, MAX_NAMES);
}

/** The branch that it was to work on, and the one that it ended on. */
function branchesOf({ spec, status }: AgentRun): (string | undefined)[] {
  return [spec.worktree?.branch, status?.branch, status?.result?.git?.branch];
}

function nameOf({ metadata }: AgentRun): string {
  return metadata.name ?? "";
}
