import { judgeRemoval, LEFT_WORKTREES } from "../../agents/support/left-worktrees.ts";
import { caseTable } from "../table.ts";

export const table = caseTable({
  name: "worktrees that agents leave",
  kind: "repository",
  never:
    "work that exists nowhere else is removed, or anything that is not the run's, or an agent's program run",
  sample: 2,
  cases: LEFT_WORKTREES.map((left) => ({ ...left, make: async () => {} })),
  judge: (left, { directory }) => judgeRemoval(left, directory),
});
