import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { judgeRemoval, LEFT_WORKTREES } from "./support/left-worktrees.ts";

// All of them are tried by `npm run test:hostile`.
const TRIED = [
  "a submodule as it came",
  "a commit in a submodule",
  "a changed file in a submodule",
  "a repository inside with a commit of its own",
  "a change that is skipped",
  "a link to the metadata of another worktree, by force",
];

for (const name of TRIED) {
  test(`removal of a worktree with ${name}`, { timeout: 60_000 }, async () => {
    await using directory = await temporaryDirectory();
    const left = LEFT_WORKTREES.find((each) => each.name === name);
    assert(left);
    assert.deepEqual(await judgeRemoval(left, directory.path), []);
  });
}
