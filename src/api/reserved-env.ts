/**
 * Environment variables that the operator sets itself in a run's containers. A manifest that sets one
 * of them is refused, because the run would break or escape its checkout.
 */
export const RESERVED_ENV_NAMES: readonly string[] = [
  "HOME",
  "TMPDIR",
  "WORKSPACE_DIR",
  "WORKTREES_DIR",
  "RUN_DIR",
  "RECORD_DIR",
  "STORE_DIR",
  "LOCKS_DIR",
  "REPOSITORIES_DIR",
  "STORES_DIR",
  "GIT_ALLOW_PROTOCOL",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_ASKPASS",
  "GIT_ATTR_NOSYSTEM",
  "GIT_COMMON_DIR",
  "GIT_DIR",
  "GIT_EXEC_PATH",
  "GIT_INDEX_FILE",
  "GIT_NAMESPACE",
  "GIT_NO_LAZY_FETCH",
  "GIT_NO_REPLACE_OBJECTS",
  "GIT_OBJECT_DIRECTORY",
  "GIT_PROTOCOL_FROM_USER",
  "GIT_SSH",
  "GIT_SSH_COMMAND",
  "GIT_SSH_VARIANT",
  "GIT_TEMPLATE_DIR",
  "GIT_TERMINAL_PROMPT",
  "GIT_WORK_TREE",
];

/** Every variable whose name starts with one of these is the operator's own as well. */
export const RESERVED_ENV_PREFIXES: readonly string[] = ["AGENT_", "GIT_CONFIG"];

/** Whether a manifest may not set this variable. */
export function isReservedEnvName(name: string): boolean {
  return RESERVED_ENV_NAMES.includes(name) || RESERVED_ENV_PREFIXES.some((prefix) => name.startsWith(prefix));
}
