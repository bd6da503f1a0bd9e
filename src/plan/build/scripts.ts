import {
  agentChangeSh,
  agentCheckoutSh,
  agentSessionSh,
  agentStallSh,
  agentTextSh,
  artifactsSh,
  commonSh,
  entrypointSh,
  gitCheckoutSh,
  gitCleanupSh,
  gitCloneSh,
  gitRemoteSh,
  gitViewSh,
  gitWorkspaceSh,
  gitWorktreeSh,
  hideSecretsSh,
} from "./scripts.generated.ts";

/** Makes the checkout of a standalone run, with its worktree. */
export const gitCloneScript = [commonSh, gitRemoteSh, gitCheckoutSh, gitCloneSh].join("\n");

/** Makes the checkout of a workspace. */
export const gitWorkspaceScript = [commonSh, gitRemoteSh, gitCheckoutSh, gitWorkspaceSh].join("\n");

/** Adds the worktree of a run on a shared workspace. */
export const gitWorktreeScript = [commonSh, gitRemoteSh, gitViewSh, gitWorktreeSh].join("\n");

/** Removes the worktree of a run on a shared workspace. */
export const gitCleanupScript = [commonSh, gitViewSh, gitCleanupSh].join("\n");

/** Writes what a run has left to standard output. */
export const artifactsScript = [commonSh, hideSecretsSh, artifactsSh].join("\n");

/** Runs the agent. */
export const entrypointScript = [
  commonSh,
  gitRemoteSh,
  hideSecretsSh,
  agentCheckoutSh,
  agentSessionSh,
  agentStallSh,
  agentTextSh,
  agentChangeSh,
  entrypointSh,
].join("\n");
