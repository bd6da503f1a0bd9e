import { literal } from "./env.ts";
import {
  agentChangeSh,
  agentCheckoutSh,
  agentInstructionsSh,
  agentSessionSh,
  agentStallSh,
  agentTextSh,
  artifactsSh,
  commonSh,
  entrypointSh,
  gitCheckoutSh,
  gitCleanupSh,
  gitCloneSh,
  gitCredentialsSh,
  gitRemoteSh,
  gitViewSh,
  gitWorkspaceSh,
  gitWorktreeSh,
  hideSecretsSh,
} from "./scripts.generated.ts";

// Every script is written as a pod's command takes it: what would be expanded there is doubled.

const remote = [gitCredentialsSh, gitRemoteSh];

/** Makes the checkout of a standalone run, with its worktree. */
export const gitCloneScript = scriptOf([commonSh, ...remote, gitCheckoutSh, gitCloneSh]);

/** Makes the checkout of a workspace. */
export const gitWorkspaceScript = scriptOf([commonSh, ...remote, gitCheckoutSh, gitWorkspaceSh]);

/** Adds the worktree of a run on a shared workspace. */
export const gitWorktreeScript = scriptOf([commonSh, ...remote, gitViewSh, gitWorktreeSh]);

/** Removes the worktree of a run on a shared workspace. */
export const gitCleanupScript = scriptOf([commonSh, gitViewSh, gitCleanupSh]);

/** Writes what a run has left to standard output. */
export const artifactsScript = scriptOf([commonSh, hideSecretsSh, artifactsSh]);

const agentScript = scriptOf([
  commonSh,
  hideSecretsSh,
  agentCheckoutSh,
  agentInstructionsSh,
  agentSessionSh,
  agentTextSh,
  agentChangeSh,
  entrypointSh,
]);
const credentialsFunctions = scriptOf([gitCredentialsSh]);
const stallFunctions = scriptOf([agentStallSh]);

/** Runs the agent. What only some runs need comes where this one does: every event of its Job carries the script. */
export function entrypointScript(needs: { credentials: boolean; stall: boolean }): string {
  return [
    ...(needs.credentials ? [credentialsFunctions] : []),
    ...(needs.stall ? [stallFunctions] : []),
    agentScript,
  ].join("\n");
}

/** Made once: most of every Job is this text. */
function scriptOf(parts: readonly string[]): string {
  return literal(parts.join("\n"));
}
