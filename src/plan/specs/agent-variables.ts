import { type ScriptVariable, variable } from "./script-variable.ts";

/** The variables of the entrypoint, which runs the agent: a part of SCRIPT_VARIABLES. */
export const AGENT_VARIABLES = {
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

  AGENT_INPUTS: variable(
    ["agent"],
    [],
    "The directory of what the runs in `dependsOn` have left: a file `RUN.json` for each.",
  ),

  AGENT_EVENT: variable(
    ["agent"],
    [],
    "The file with the event that has started the run, as JSON, if an AgentTrigger has.",
  ),

  AGENT_PROMPT: variable(["agent"], ["entrypoint.sh"], "The prompt, if the run has it as text."),
  AGENT_PROMPT_FILE: variable(
    ["agent"],
    ["entrypoint.sh"],
    "The file that holds the prompt. The entrypoint sets it for the agent; the operator sets it for `promptFrom`.",
  ),
  AGENT_PROMPT_PREFIX: variable(["agent"], ["entrypoint.sh"], "Text in front of the prompt."),
  AGENT_SYSTEM_PROMPT: variable(["agent"], ["agent-instructions.sh"], "The run's system prompt."),
  AGENT_SHARED_INSTRUCTIONS: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The AgentConfig's instructions, if it has them as text.",
  ),
  AGENT_SHARED_INSTRUCTIONS_FILE: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The file that holds the AgentConfig's instructions.",
  ),
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
    "The file below the home directory that the run's instructions are written to, after the AgentConfig's.",
  ),
  AGENT_SKILLS: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The directory of the run's skills, a folder for each.",
  ),
  AGENT_SKILLS_TARGET: variable(
    ["agent"],
    ["agent-instructions.sh"],
    "The directory below the home directory that they are copied to.",
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
  AGENT_HOME_PATHS: variable(
    ["agent"],
    ["agent-home.sh"],
    "What agents read as their user's configuration, below the home directory: what setup has left there, or a cache holds, is removed.",
  ),
  AGENT_SHARED_PATHS: variable(
    ["agent"],
    ["agent-home.sh"],
    "Where shared volumes are mounted: nothing there is removed.",
  ),
  AGENT_SETUP_SECONDS: variable(["setup"], ["setup.sh"], "How long setup may take."),
  AGENT_SECRET_NAMES: variable(
    ["setup", "agent"],
    ["agent-values.sh", "hide-secrets.sh", "setup.sh"],
    "Variables whose values come from Secrets. Their values are hidden in all output.",
  ),
  AGENT_SECRET_FILES: variable(
    ["setup", "agent"],
    ["hide-secrets.sh", "setup.sh"],
    "Files that come from Secrets, separated by spaces; a path may end in `*`. What they hold is hidden in all output.",
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
    "The directory of the agent's sessions, below the home directory, if one goes on or is kept.",
  ),
  AGENT_SESSION_FILES: variable(
    ["agent"],
    ["agent-session.sh"],
    "Patterns for the names of their files, separated by spaces. Nothing else is kept or taken up.",
  ),
  AGENT_SESSION_KEEP: variable(
    ["agent"],
    ["agent-session.sh"],
    "`true`: they are kept for a further attempt or run.",
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
  AGENT_FEEDBACK: variable(
    ["agent"],
    ["entrypoint.sh"],
    "What the agent is told about its work so far: after its task, or in its place if its session goes on.",
  ),
  AGENT_CONTINUED_DIR: variable(
    ["agent"],
    ["agent-session.sh"],
    "The directory of what the run that is continued has left beside the checkout.",
  ),
  AGENT_INTERRUPTED: variable(
    ["agent"],
    ["entrypoint.sh"],
    "`true`: an earlier attempt has been given the task. If its session goes on, the agent is told to go on.",
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
