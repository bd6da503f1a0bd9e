import { AGENT_TYPES, NAMED_AGENTS } from "../../../src/api/agent-types.ts";

/** What the user sees in more than one place. */

const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

export const AGENTS = listed(AGENT_TYPES);
export const AGENTS_BY_DEFAULT = listed(NAMED_AGENTS);

export const DURATION = "must be a duration of whole seconds from 1s to 720h, such as 90s, 30m or 1h30m";
export const GIT_URL =
  "must be a git URL: https://, http://, ssh://, git:// or file:// with a path, or user@host:path, without spaces";
export const BRANCH =
  "must be a branch name as git allows it, such as main or feature/login: no spaces, '..', '~', '^', ':', '?', '*', '[', '\\', not starting with '-', '/', '.' or refs/";
export const OBJECT_NAME =
  "must be the name of a Kubernetes object: lower case letters, digits, '-' and '.', starting and ending with a letter or digit";
export const DNS_LABEL =
  "must be a DNS label: lower case letters, digits and '-', starting and ending with a letter or digit";
export const ENV_NAME =
  "must be the name of an environment variable that a shell can hold: letters, digits and '_', not starting with a digit";
export const OWN =
  "variables that the operator sets itself (AGENT_*, GIT_CONFIG*, HOME, TMPDIR, GIT_DIR and the others that the reference lists)";
export const MOUNT =
  "would cover another mount or a directory that the pod needs; use its own directory, such as /data";
export const ABSOLUTE =
  "must be an absolute path such as /root/.claude, without '.', '..', ':', double or closing slashes";
export const QUANTITY = String.raw`'^[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][-+]?[0-9]+))?$'`;
export const SIZE = "must be an amount of storage above zero, such as 10Gi or 500Mi";
export const SIZE_OF_ITEM = String.raw`'^[+]?(0*[1-9][0-9]*([.][0-9]*)?|0*[.]0*[1-9][0-9]*)(([KMGTPE]i)|[kMGTPE]|([eE][+]?[0-9]+))?$'`;
