import { isReservedEnvName } from "../../api/reserved-env.ts";
import type { Container, EnvVar } from "../../kube/builtin.ts";

/** What stays a variable: places of every program, what older scripts or a user's arguments name, and texts of any length. */
const VARIABLES: ReadonlySet<string> = new Set([
  "HOME",
  "TMPDIR",
  "AGENT_CONTRACT",
  "AGENT_MODEL",
  "AGENT_PROMPT",
  "AGENT_SYSTEM_PROMPT",
  "AGENT_SHARED_INSTRUCTIONS",
  "AGENT_USER_INSTRUCTIONS",
  "AGENT_FILES",
  "AGENT_FEEDBACK",
]);

/**
 * A container that gives its script the operator's own values as words of the command line, `NAME=value`, in front of
 * `--` and the agent's own. An API server keeps a record of each variable of a pod in its managedFields, and sends it
 * with each of the pod's changes; a command is one field.
 */
export function withSettings(container: Container): Container {
  const { command = [], env = [], args } = container;
  const words = env.filter(isSetting).map(({ name, value = "" }) => `${name}=${value}`);
  return {
    ...container,
    command: [...command, ...words, ...(args ? ["--"] : [])],
    env: env.filter((variable) => !isSetting(variable)),
  };
}

/** Not what comes from a Secret or refers to other variables, as a network's values do. */
function isSetting({ name, valueFrom }: EnvVar): boolean {
  return (
    valueFrom === undefined &&
    isReservedEnvName(name) &&
    !VARIABLES.has(name) &&
    !name.startsWith("AGENT_NETWORK_")
  );
}
