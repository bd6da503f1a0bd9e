/** The pods' containers by what they do: the init containers of a run, a workspace's and a removal's Job, the agent. */
export type ContainerGroup = "git" | "workspace" | "cleanup" | "artifacts" | "agent";

/** One variable of the contract between the operator and the scripts in the git image. */
export interface ScriptVariable {
  /** The containers that the operator gives it to; none: a script sets it. */
  readonly given: readonly ContainerGroup[];
  /** The files of images/agent/scripts that use it; none: the agent itself does. */
  readonly usedBy: readonly string[];
  readonly meaning: string;
}

const EVERY_CONTAINER = ["git", "workspace", "cleanup", "artifacts", "agent"] as const;
const WITH_REMOTE = ["git", "workspace", "agent"] as const;

function variable(
  given: readonly ContainerGroup[],
  usedBy: readonly string[],
  meaning: string,
): ScriptVariable {
  return { given, usedBy, meaning };
}

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
    EVERY_CONTAINER,
    ["common.sh", "entrypoint.sh", "git-worktree.sh"],
    "The path of the container's termination message.",
  ),
  AGENT_RUN: variable(
    ["git", "cleanup", "artifacts", "agent"],
    ["common.sh", "git-cleanup.sh", "git-clone.sh", "git-view.sh"],
    "The name of the AgentRun.",
  ),
  AGENT_RUN_UID: variable(
    ["git", "cleanup", "artifacts", "agent"],
    ["common.sh", "git-record.sh", "git-store.sh"],
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
    ["git"],
    ["common.sh"],
    "The directory that the scripts are copied to for the agent's container.",
  ),

  AGENT_REPOSITORY_URL: variable(
    WITH_REMOTE,
    ["git-clone.sh", "git-credentials.sh", "git-workspace.sh", "git-worktree.sh"],
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
    WITH_REMOTE,
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
  AGENT_CLEANUP_FORCE: variable(
    ["cleanup"],
    ["git-cleanup.sh"],
    "`true`: remove the worktree even if it holds work that no branch has.",
  ),
  AGENT_ARTIFACTS: variable(["artifacts"], ["artifacts.sh"], "The artifacts to send, separated by spaces."),
  AGENT_WORK_DIR: variable(["artifacts"], ["artifacts.sh"], "The directory that the agent worked in."),

  AGENT_CLI: variable(["agent"], ["entrypoint.sh"], "The agent's program: a name on PATH or a path."),
  AGENT_NPM_PACKAGE: variable(
    ["agent"],
    ["entrypoint.sh"],
    "What npx installs if the image has no such program.",
  ),
  AGENT_SHELLS: variable(
    ["agent"],
    ["entrypoint.sh"],
    "Shells, separated by spaces. The image must have one of them.",
  ),
  AGENT_STOP_SIGNAL: variable(["agent"], ["entrypoint.sh"], "The signal that asks the agent to stop."),
  AGENT_STALL_SECONDS: variable(
    ["agent"],
    ["agent-watch.sh", "entrypoint.sh"],
    "After so many seconds without output and work the agent is stopped.",
  ),
  AGENT_RESULT_PATIENCE: variable(
    ["agent"],
    ["agent-watch.sh", "entrypoint.sh"],
    "After so many idle seconds an agent that has reported its result is stopped.",
  ),
  AGENT_GIT_NAME: variable(["agent"], ["entrypoint.sh"], "The author name of commits."),
  AGENT_GIT_EMAIL: variable(["agent"], ["entrypoint.sh"], "The author address of commits."),
  AGENT_GIT_INCLUDE: variable(
    ["agent"],
    ["entrypoint.sh"],
    "`true`: give git its configuration by environment, because the agent hides the file from its tools.",
  ),

  AGENT_MODEL: variable(["agent"], [], "The model, for the program of a `custom` agent."),
  AGENT_API_KEY: variable(["agent"], [], "The provider's token, for the program of a `custom` agent."),

  AGENT_PROMPT: variable(["agent"], ["entrypoint.sh"], "The prompt, if the run has it as text."),
  AGENT_PROMPT_FILE: variable(
    ["agent"],
    ["entrypoint.sh"],
    "The file that holds the prompt. The entrypoint sets it for the agent; the operator sets it for `promptFrom`.",
  ),
  AGENT_PROMPT_PREFIX: variable(["agent"], ["entrypoint.sh"], "Text in front of the prompt."),
  AGENT_SYSTEM_PROMPT: variable(["agent"], ["agent-instructions.sh"], "The run's system prompt."),
  AGENT_USER_INSTRUCTIONS: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The run's instructions, if it has them as text.",
  ),
  AGENT_USER_INSTRUCTIONS_FILE: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The file that holds the run's instructions.",
  ),
  AGENT_USER_INSTRUCTIONS_TARGET: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The file below the home directory that the run's instructions are written to.",
  ),
  AGENT_INSTRUCTIONS: variable(
    [],
    ["agent-instructions.sh", "entrypoint.sh"],
    "The file that holds all instructions for the agent. A script sets it.",
  ),
  AGENT_INSTRUCTION_FILES: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "Instruction files of an untrusted checkout, separated by spaces. The first one found is handed over as text.",
  ),
  AGENT_INSTRUCTION_IMPORTS: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "`true`: an `@path` in such a file stands for what that file says.",
  ),
  AGENT_INSTRUCTION_BYTES: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "How many bytes of such a file are handed over.",
  ),
  AGENT_INSTRUCTION_PATH: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The path of the instructions below the home directory, if the agent wants a certain one.",
  ),
  AGENT_INSTRUCTION_OPTION: variable(
    ["agent"],
    ["entrypoint.sh"],
    "The option by which the agent takes the instructions.",
  ),
  AGENT_INSTRUCTION_KEY: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The setting by which that option takes the instructions themselves, as TOML.",
  ),
  AGENT_OWN_INSTRUCTION_FILES: variable(
    ["agent"],
    ["agent-checkout.sh"],
    "Names of instruction files that the agent reads by itself. They are hidden in an untrusted checkout.",
  ),
  AGENT_HIDDEN_PATHS: variable(
    ["agent"],
    ["agent-checkout.sh"],
    "Configuration of the agent at the root of an untrusted checkout. It is moved away while the agent runs.",
  ),
  AGENT_FILES: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "Files below the home directory, one a line: the path, a space, the text.",
  ),
  AGENT_SECRET_NAMES: variable(
    ["agent"],
    ["agent-values.sh", "hide-secrets.sh"],
    "Variables whose values come from Secrets. Their values are hidden in all output.",
  ),
  AGENT_SECRET_FILES: variable(
    ["agent"],
    ["hide-secrets.sh"],
    "Files that come from Secrets. What they hold is hidden in all output.",
  ),
  AGENT_KEY_NAMES: variable(
    ["agent"],
    ["agent-values.sh"],
    "Variables that carry keys. A line break at the end of their values is dropped.",
  ),
  AGENT_QUOTES: variable(
    ["agent"],
    ["agent-values.sh"],
    "`json`, `dollar` or `braces`: how the agent's configuration wants values quoted.",
  ),
  AGENT_QUOTED_NAMES: variable(
    ["agent"],
    ["agent-values.sh"],
    "Variables that also exist in quoted form, as AGENT_QUOTED_NAME.",
  ),
  AGENT_NOTHING: variable(
    [],
    ["agent-values.sh"],
    "Never set: a reference to it in the agent's configuration stands for nothing.",
  ),
  AGENT_SESSION_PATH: variable(
    ["agent"],
    ["agent-session.sh"],
    "The directory of the agent's sessions, below the home directory, if they are kept for a further attempt.",
  ),
  AGENT_SESSION_SHARED: variable(
    ["agent"],
    ["agent-session.sh"],
    "`true`: a shared volume already keeps that directory.",
  ),
  AGENT_SESSION_DROP: variable(
    ["agent"],
    ["agent-session.sh"],
    "A basic regular expression: matching lines of a session are left out before the agent goes on with it.",
  ),
  AGENT_RESUME: variable(
    ["agent"],
    ["agent-session.sh", "entrypoint.sh"],
    "The name of the session to go on with.",
  ),
  AGENT_RESUME_OPTION: variable(["agent"], ["entrypoint.sh"], "The option that takes that name."),
  AGENT_USAGE_PATH: variable(
    ["agent"],
    ["agent-session.sh"],
    "The directory of the sessions whose files say what was used.",
  ),
  AGENT_USAGE_ALWAYS: variable(
    ["agent"],
    ["agent-session.sh"],
    "`true`: read them even if the agent has reported its result.",
  ),
  AGENT_USAGE_SESSION: variable(
    ["agent"],
    ["agent-session.sh"],
    "A sed expression that finds the session's name in the output.",
  ),
  AGENT_USAGE_LINES: variable(
    ["agent"],
    ["agent-session.sh"],
    "A sed expression that finds what was used in a session's files.",
  ),
  AGENT_SUMMARY: variable(
    ["agent"],
    ["agent-output.awk", "agent-output.sh"],
    "A pattern of the lines that say how the run went. They are repeated at the end of the log.",
  ),
  AGENT_FINAL: variable(
    ["agent"],
    ["agent-output.awk"],
    "A pattern of the line after which the agent has nothing more to say.",
  ),
  AGENT_HOPELESS: variable(
    ["agent"],
    ["agent-output.awk"],
    "A pattern of the line after which the agent is stopped, because going on is hopeless.",
  ),
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
    ["git", "workspace"],
    [],
    "A variable that the value of a proxy variable refers to, under a name that no program knows.",
  ),
};
