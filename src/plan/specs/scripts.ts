/**
 * Where the scripts are: in the git image, and in the agent's container as copies, by way of a volume that the git
 * container fills. The files are images/agent/scripts.
 */
export const SCRIPTS_DIR = "/agent-operator";

/** Where the git container mounts the volume that is the agent's SCRIPTS_DIR. */
export const SCRIPTS_TARGET_DIR = "/agent-operator-copy";

/**
 * The number of what the scripts and this operator agree on: names and meanings of variables, lines of JSON, exit
 * codes. It grows with each change of those; a git image with another number is refused by its own scripts.
 */
export const CONTRACT = "7";

/** The scripts that a container runs; the other files are parts that these read. */
export type Script =
  | "git-clone"
  | "git-workspace"
  | "git-worktree"
  | "git-cleanup"
  | "verify-checkout"
  | "git-pack"
  | "git-push"
  | "artifacts"
  | "authorities"
  | "setup"
  | "entrypoint";

/** The path of a script in a container. */
export function scriptPath(script: Script): string {
  return `${SCRIPTS_DIR}/${script}.sh`;
}
