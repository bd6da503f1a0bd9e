import { AGENT_VARIABLES } from "./agent-variables.ts";
import { PUBLISH_VARIABLES } from "./publish-variables.ts";
import { type ScriptVariable, variable } from "./script-variable.ts";

const EVERY_CONTAINER = [
  "git",
  "workspace",
  "cleanup",
  "artifacts",
  "authorities",
  "snapshot",
  "pack",
  "push",
  "setup",
  "agent",
] as const;
const WITH_REMOTE = ["git", "workspace", "push", "agent"] as const;

/**
 * Every AGENT_ variable that the operator and the scripts share: the only list of them. An absent or empty value means
 * "not set". Whoever changes a meaning raises CONTRACT in scripts.ts.
 */
export const SCRIPT_VARIABLES = {
  AGENT_CONTRACT: variable(
    EVERY_CONTAINER,
    ["common.sh"],
    "The number of the contract. The scripts stop with exit code 66 if theirs is another.",
  ),
  AGENT_TERMINATION_LOG: variable(
    [...EVERY_CONTAINER, "token", "pull-request"],
    ["common.sh", "entrypoint.sh", "git-push.sh", "git-worktree.sh", "setup.sh", "verify-checkout.sh"],
    "The path of the container's termination message.",
  ),
  AGENT_RUN: variable(
    ["git", "cleanup", "artifacts", "snapshot", "pack", "agent"],
    ["common.sh", "git-cleanup.sh", "git-clone.sh", "git-view.sh"],
    "The name of the AgentRun.",
  ),
  AGENT_RUN_UID: variable(
    ["git", "cleanup", "artifacts", "snapshot", "pack", "agent"],
    ["common.sh", "git-additional.sh", "git-store.sh"],
    "The uid of the AgentRun. It names the record of what the checkout was before the agent started.",
  ),
  AGENT_WORKSPACE: variable(
    ["agent"],
    ["agent-change.sh"],
    "The name of the AgentWorkspace, if the run has one.",
  ),
  AGENT_CLAIM: variable(
    ["git", "workspace", "cleanup"],
    ["common.sh"],
    "The name of the claim, for the message that it cannot be written.",
  ),
  AGENT_STORAGE_CLASS: variable(
    ["git", "workspace"],
    ["common.sh"],
    "The storage class of the claim, for the same message.",
  ),
  AGENT_SCRIPTS_TARGET: variable(
    ["git", "snapshot"],
    ["common.sh"],
    "The directory that the scripts are copied to for the container after it.",
  ),

  AGENT_REPOSITORY_URL: variable(
    WITH_REMOTE,
    [
      "git-clone.sh",
      "git-credential.sh",
      "git-credentials.sh",
      "git-push.sh",
      "git-workspace.sh",
      "git-worktree.sh",
    ],
    "The URL of the repository.",
  ),
  AGENT_REPOSITORY_BRANCH: variable(
    ["git", "workspace"],
    ["git-clone.sh", "git-workspace.sh", "git-worktree.sh"],
    "The branch to check out.",
  ),
  AGENT_REPOSITORY_COMMIT: variable(["git"], ["git-clone.sh"], "The commit to check out."),
  AGENT_REPOSITORY_SUBMODULES: variable(
    ["git", "workspace"],
    ["git-clone.sh", "git-workspace.sh"],
    "`true`: fetch the submodules too.",
  ),
  AGENT_WORKTREE_BRANCH: variable(
    ["git"],
    ["git-clone.sh", "git-worktree.sh"],
    "The branch that the run works on.",
  ),
  AGENT_WORKTREE_SOURCE: variable(
    ["git"],
    ["git-clone.sh", "git-worktree.sh"],
    "The branch that a new work branch starts from.",
  ),
  AGENT_WORKTREE_RELEASED: variable(
    ["git"],
    ["git-worktree.sh"],
    "Names of ended runs, separated by spaces, whose worktree may give up the work branch.",
  ),
  AGENT_GIT_STEP: variable(
    ["git", "workspace"],
    ["git-clone.sh", "git-credentials.sh", "git-workspace.sh", "git-worktree.sh"],
    "`fetch` or `checkout`: with credentials two containers share the work. Not set: one does both.",
  ),
  AGENT_GIT_CREDENTIALS: variable(
    [...WITH_REMOTE, "token"],
    ["entrypoint.sh", "git-credentials.sh", "hide-secrets.sh"],
    "The directory that holds the credential as a file.",
  ),
  AGENT_GIT_CREDENTIALS_NAME: variable(
    WITH_REMOTE,
    ["git-credentials.sh"],
    "The name of the Secret and its key, for messages.",
  ),
  AGENT_GIT_KNOWN_HOSTS: variable(
    WITH_REMOTE,
    ["git-credentials.sh"],
    "The directory that holds `known_hosts` for ssh.",
  ),
  AGENT_GIT_CA: variable(
    WITH_REMOTE,
    ["entrypoint.sh", "git-credentials.sh"],
    "The directory that holds the certificates of the repository's server as `ca.crt`.",
  ),
  AGENT_CA_SOURCE: variable(
    ["authorities"],
    ["authorities.sh"],
    "The directory that holds the certificates of `caBundleRef` as `ca.crt`.",
  ),
  AGENT_CA_TARGET: variable(
    ["authorities"],
    ["authorities.sh"],
    "The directory that `bundle.crt` is written to: those and the public authorities.",
  ),
  AGENT_REPOSITORIES: variable(
    ["artifacts", "snapshot", "agent"],
    ["agent-change.sh", "agent-checkout.sh", "verify-checkout.sh"],
    "The names of the additional repositories, separated by spaces. Each is a folder below `REPOSITORIES_DIR`.",
  ),
  AGENT_REPOSITORIES_CHECKOUT: variable(
    ["snapshot"],
    ["verify-checkout.sh"],
    "The directory that they are checked out in, as they were fetched.",
  ),
  AGENT_CLEANUP_FORCE: variable(
    ["cleanup"],
    ["git-cleanup.sh"],
    "`true`: remove the worktree even if it holds work that no branch has.",
  ),
  AGENT_ARTIFACTS: variable(["artifacts"], ["artifacts.sh"], "The artifacts to send, separated by spaces."),
  AGENT_WORK_DIR: variable(
    ["artifacts", "snapshot", "pack"],
    ["artifacts.sh", "git-snapshot.sh"],
    "The directory that the agent worked in.",
  ),

  ...PUBLISH_VARIABLES,
  ...AGENT_VARIABLES,
} as const satisfies Readonly<Record<string, ScriptVariable>>;

export type ScriptVariableName = keyof typeof SCRIPT_VARIABLES;

/** Values by the variables of the contract, as a container gets them. */
export type ScriptValues = Readonly<Partial<Record<ScriptVariableName, string | undefined>>>;

/** Families of variables: their names end in a name or a number. */
export const SCRIPT_VARIABLE_FAMILIES: Readonly<Record<string, ScriptVariable>> = {
  AGENT_QUOTED_: variable(
    [],
    ["agent-values.sh"],
    "The quoted form of a variable that AGENT_QUOTED_NAMES names.",
  ),
  AGENT_MCP_: variable(
    ["agent"],
    [],
    "A value of an MCP server that comes from a Secret: by the server's position and its own.",
  ),
  AGENT_NETWORK_: variable(
    ["git", "workspace", "push", "token", "pull-request", "setup"],
    [],
    "A variable that the value of a proxy variable refers to, under a name that no program knows.",
  ),
};
