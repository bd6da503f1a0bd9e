import type { AgentRun } from "../../api/agent-run.ts";
import { placeOf } from "../place.ts";
import type { References } from "./observed.ts";
import { isFinished } from "./status.ts";

/** As many names as an environment variable should hold. */
const MAX_NAMES = 200;

/** Runs of the same workspace that have ended and may have left their worktree on the branch that this run wants. */
export function releasedBy(run: AgentRun, references: References): string[] {
  const { workspace, workspaceRuns = [] } = references;
  const wanted = run.spec.worktree?.branch;
  const live = new Set(workspaceRuns.filter((each) => !isFinished(each)).map((each) => placeOf(each).name));
  const listed = (workspace?.status?.worktrees ?? []).filter(({ branch }) => branch === wanted);
  const ended = workspaceRuns.filter((each) => branchesOf(each).includes(wanted));
  const names = new Set([...listed.map((each) => each.run), ...ended.map((each) => placeOf(each).name)]);
  const own = placeOf(run).name;
  return [...names].filter((name) => !live.has(name) && name !== own).slice(0, MAX_NAMES);
}

/** The branch that it was to work on, and the one that it ended on. */
function branchesOf({ spec, status }: AgentRun): (string | undefined)[] {
  return [spec.worktree?.branch, status?.branch, status?.result?.git?.branch];
}
