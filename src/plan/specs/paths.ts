import type { Place } from "../place.ts";
import type { ResolvedRun } from "../resolved-run.ts";

/** Where the parts of a run's claim are mounted, equal in every pod because git notes absolute paths. */
export const WORKSPACE_DIR = "/workspace";
export const WORKTREES_DIR = "/workspace-wt";
export const RUN_DIR = "/workspace-run";

/** Where what the run before has left beside the checkout is mounted, for a run that continues it. */
export const CONTINUED_DIR = "/workspace-continued";

/** What a run started from, written by its git container; an agent can only read it. */
export const RECORD_DIR = "/workspace-record";

/** Where what was fetched with credentials is mounted; writable only in the container that fetches. */
export const STORE_DIR = "/workspace-store";

/** Where the repositories beside the run's own are mounted, a folder for each, and where what was fetched of them with credentials is. */
export const REPOSITORIES_DIR = "/workspace-repos";
export const STORES_DIR = "/workspace-stores";

/** Where the container that makes the checkouts of a verification mounts theirs. */
export const REPOSITORIES_CHECKOUT_DIR = "/workspace-repos-checkout";

/** Where the lock of a workspace is mounted; agents have no such mount. */
export const LOCKS_DIR = "/workspace-locks";

/** Where the containers of a step hand the run's commits over, each mounted into two of them. */
export const HANDOVER_DIR = "/workspace-handover";

/** Where `push` leaves what it has pushed, for the container that opens the pull request. */
export const PUSHED_DIR = "/workspace-pushed";

/** Where the container that makes the checkout of a verification mounts it; the one that judges has it at /workspace. */
export const CHECKOUT_DIR = "/workspace-checkout";

export const TERMINATION_LOG = "/dev/termination-log";

/** Where the files of a repository's credentials and certificates are mounted. */
export const GIT_CREDENTIALS_DIR = "/etc/agent-operator/git-credentials";
export const GIT_KNOWN_HOSTS_DIR = "/etc/agent-operator/git-known-hosts";
export const GIT_CA_DIR = "/etc/agent-operator/git-ca";
/** Where the key of a GitHub App is mounted, in the one container that asks for a token. */
export const GITHUB_APP_DIR = "/etc/agent-operator/github-app";
export const FORGE_TOKEN_DIR = "/etc/agent-operator/forge-token";

/** Where the authorities are that programs trust, and where those of the user are for the container that joins them. */
export const CA_BUNDLE_DIR = "/etc/agent-operator/ca-bundle";
export const CA_BUNDLE_FILE = `${CA_BUNDLE_DIR}/bundle.crt`;
export const CA_SOURCE_DIR = "/etc/agent-operator/ca-source";

/** Where what a run takes from ConfigMaps and Secrets is mounted. */
export const PROMPT_DIR = "/etc/agent-operator/prompt";
export const PROMPT_FILE = `${PROMPT_DIR}/prompt`;
export const INSTRUCTIONS_DIR = "/etc/agent-operator/instructions";
export const INSTRUCTIONS_FILE = `${INSTRUCTIONS_DIR}/instructions.md`;
export const SHARED_INSTRUCTIONS_DIR = "/etc/agent-operator/shared-instructions";
export const SHARED_INSTRUCTIONS_FILE = `${SHARED_INSTRUCTIONS_DIR}/instructions.md`;

/** Where each of a run's skills is mounted, as a folder; an agent can take the directory above for a plugin. */
export const PLUGIN_DIR = "/etc/agent-operator/plugin";
export const SKILLS_DIR = `${PLUGIN_DIR}/skills`;

/** Where what the runs that a run depends on have left is mounted, a file for each. */
export const INPUTS_DIR = "/etc/agent-operator/inputs";

/** Where the event is mounted that has started a run. */
export const EVENT_DIR = "/etc/agent-operator/event";
export const EVENT_FILE = "event.json";

/** The directory that the agent of a run with this place works in. */
export function workDir(place: Pick<Place, "name">, worktree: object | undefined): string {
  return worktree ? `${WORKTREES_DIR}/${place.name}` : WORKSPACE_DIR;
}

/** /root if a workspace shares something below it, as programs look for it in the home directory. */
export function homeDir(run: Pick<ResolvedRun, "workspace">): string {
  const shared = run.workspace?.sharedVolumes ?? [];
  return shared.some(({ mountPath }) => mountPath.startsWith("/root/")) ? "/root" : "/home/agent";
}

/** Whether a path below the home directory lies on a volume that several runs have. */
export function isOnSharedVolume(run: Pick<ResolvedRun, "workspace">, pathInHome: string): boolean {
  const path = `${homeDir(run)}/${pathInHome}/`;
  return (run.workspace?.sharedVolumes ?? []).some(({ mountPath }) => path.startsWith(`${mountPath}/`));
}
