import { commonSh, entrypointSh, gitCloneSh, gitRemoteSh, gitWorktreeSh } from "./scripts.generated.ts";

/** Makes the checkout of a standalone run, with its worktree. */
export const gitCloneScript = [commonSh, gitRemoteSh, gitCloneSh].join("\n");

/** Adds the worktree of a run on a shared workspace. */
export const gitWorktreeScript = [commonSh, gitRemoteSh, gitWorktreeSh].join("\n");

/** Runs the agent. */
export const entrypointScript = [commonSh, gitRemoteSh, entrypointSh].join("\n");
