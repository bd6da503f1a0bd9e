import type { AgentRunOutcome } from "../../api/agent-run.ts";
import type { GitReport } from "../specs/git-report.ts";

/** Unknown without git's facts, never guessed. */
export function outcomeOf(git: GitReport | undefined): AgentRunOutcome | undefined {
  if (!git) return undefined;
  if (git.commits !== undefined && git.commits > 0) return "Committed";
  if (git.uncommittedChanges === true && git.commits === 0) return "Changed";
  return git.uncommittedChanges === false && git.commits === 0 ? "NoChanges" : undefined;
}

/** What the agent did to its repository, for people. */
export function describeChange(git: GitReport): string {
  const { commits = 0, branches = [], filesChanged, leftOut = [], leftOutCount = 0 } = git;
  const elsewhere = branches.length === 0 ? "" : ` (also on ${namesOf(branches.map(({ name }) => name))})`;
  const files =
    filesChanged === undefined
      ? "which files changed is not known"
      : `${filesChanged} file${filesChanged === 1 ? "" : "s"} changed`;
  const missing = leftOutCount === 0 ? "" : `; the patch lacks ${namesOf(leftOut, leftOutCount)}`;
  switch (outcomeOf(git)) {
    case "Committed":
      return `the agent made ${commits} commit${commits === 1 ? "" : "s"}${elsewhere}, ${files}${missing}`;
    case "Changed":
      return `the agent left uncommitted changes, ${files}${missing}`;
    case "NoChanges":
      return "the agent changed nothing";
    case undefined:
      return `the agent did its task; what it changed is not known${missing}`;
  }
}

/** The first three, and how many more there are. */
function namesOf(names: readonly string[], count = names.length): string {
  const shown = names.slice(0, 3);
  return count > shown.length ? `${shown.join(", ")} and ${count - shown.length} more` : shown.join(", ");
}
