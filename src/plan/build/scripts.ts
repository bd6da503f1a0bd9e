import { literal } from "./env.ts";
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

// Every script is written as a pod's command takes it: what would be expanded there is doubled.

/** Makes the checkout of a standalone run, with its worktree. */
export const gitCloneScript = scriptOf([commonSh, gitRemoteSh, gitCheckoutSh, gitCloneSh]);

/** Makes the checkout of a workspace. */
export const gitWorkspaceScript = scriptOf([commonSh, gitRemoteSh, gitCheckoutSh, gitWorkspaceSh]);

/** Adds the worktree of a run on a shared workspace. */
export const gitWorktreeScript = scriptOf([commonSh, gitRemoteSh, gitViewSh, gitWorktreeSh]);

/** Removes the worktree of a run on a shared workspace. */
export const gitCleanupScript = scriptOf([commonSh, gitViewSh, gitCleanupSh]);

/** Writes what a run has left to standard output. */
export const artifactsScript = scriptOf([commonSh, hideSecretsSh, artifactsSh]);

/** Runs the agent. */
export const entrypointScript = scriptOf([
  commonSh,
  gitRemoteSh,
  hideSecretsSh,
  agentCheckoutSh,
  agentSessionSh,
  agentStallSh,
  agentTextSh,
  agentChangeSh,
  entrypointSh,
]);

/** Made once: most of every Job is this text. */
function scriptOf(parts: readonly string[]): string {
  return literal(parts.join("\n"));
}
