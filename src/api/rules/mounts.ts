import { celList, matches, matchesRule, type Rule } from "../schema/rule.ts";
import { dnsLabel, RESERVED_VOLUME_NAMES } from "./names.ts";

/** Trees of the pod that a shared volume may not be in or over. */
export const RESERVED_MOUNT_TREES: readonly string[] = [
  "workspace",
  "workspace-wt",
  "workspace-run",
  "workspace-record",
  "agent-operator",
  "workspace-store",
  "workspace-locks",
  "workspace-repos",
  "workspace-stores",
  "tmp",
  "bin",
  "boot",
  "dev",
  "etc",
  "lib",
  "lib64",
  "proc",
  "sbin",
  "sys",
  "usr",
];

/** Directories of the pod that a shared volume may be in, but not over. */
export const RESERVED_MOUNT_PATHS: readonly string[] = [
  "/home",
  "/home/agent",
  "/opt",
  "/root",
  "/run",
  "/var",
  "/var/run",
];

export const mountPath: readonly Rule[] = [
  {
    rule: `${matches("self", "^(/[^/:\\p{Cc}\\p{Cf}]+)+$")} && !${matches("self", "/[.][.]?(/|$)")}`,
    message:
      "must be an absolute path such as /root/.claude, without '.', '..', ':', double or closing slashes",
  },
  {
    rule: `!${matches("self", `^/(${RESERVED_MOUNT_TREES.join("|")})(/|$)`)} && !(self in ${celList(RESERVED_MOUNT_PATHS)})`,
    message:
      "would cover another mount or a directory that the pod needs; use its own directory, such as /data",
  },
];

export const volumeName: readonly Rule[] = [
  dnsLabel,
  {
    rule: `!(self in ${celList(RESERVED_VOLUME_NAMES)})`,
    message: `must not be one of the operator's own names: ${RESERVED_VOLUME_NAMES.join(", ")}`,
  },
];

/** On the list of shared volumes, or of caches. */
export const volumesApart: Rule = {
  rule: "self.all(a, self.all(b, a.name == b.name || !(b.mountPath + '/').startsWith(a.mountPath + '/')))",
  message: "no two volumes may have the same mountPath, nor one inside the other",
};

export const cachesApart: Rule = {
  rule: volumesApart.rule,
  message: "no two caches may have the same mountPath, nor one inside the other",
};

/** Below the home directory: what agents read as their user's configuration, and what the operator writes there. */
export const AGENT_HOME_PATHS: readonly string[] = [
  ".agents",
  ".cache/opencode",
  ".claude",
  ".claude-plugin",
  ".claude.json",
  ".codex",
  ".codex-plugin",
  ".config/anthropic",
  ".config/opencode",
  ".env",
  ".gemini",
  ".gitconfig",
  ".local/share/opencode",
  ".local/state/opencode",
  ".node_libraries",
  ".node_modules",
  ".opencode",
];

const HOMES = ["/home/agent", "/root"];
/** The folders that have some of those. */
const ABOVE = new Set(
  AGENT_HOME_PATHS.flatMap((path) =>
    path.split("/").map((_, index, parts) => parts.slice(0, index).join("/")),
  ),
);

/** For caches and users' volumes: what they hold comes from elsewhere, and agents would obey it. */
const notAgents: Rule = {
  rule: `!${matches("self", `^(${HOMES.join("|")})/(${AGENT_HOME_PATHS.map((path) => path.replaceAll(".", "[.]")).join("|")})(/|$)`)} && !(self in ${celList(
    HOMES.flatMap((home) => [...ABOVE].filter((path) => path !== "").map((path) => `${home}/${path}`)),
  )})`,
  message:
    "would be where agents keep their own configuration, such as ~/.claude and ~/.config/opencode; use a folder beside it, such as /home/agent/.cache/pip, and skills, instructions and mcpServers for the agent",
};

export const cacheMount: readonly Rule[] = [...mountPath, notAgents];
export const userMount: readonly Rule[] = [...mountPath.slice(1), notAgents];

/** Narrower than a pod's: the path is also given to scripts. */
export const mountedPath = matchesRule(
  "^(/[A-Za-z0-9._@+-]+)+$",
  "must be an absolute path of letters, digits, '.', '_', '@', '+' and '-', such as /data, without double or closing slashes",
);

/** Of a file in a volume. */
export const filePath: Rule = {
  rule: `${matches("self", "^[A-Za-z0-9._@+-]+(/[A-Za-z0-9._@+-]+)*$")} && !${matches("self", "(^|/)[.][.](/|$)")}`,
  message: "must be a relative path of letters, digits, '.', '_', '@', '+' and '-', without '..'",
};

/** Of `kinds`, one is there. */
export function oneSource(kinds: readonly string[]): Rule {
  return {
    rule: `[${kinds.map((kind) => `has(self.${kind})`).join(", ")}].exists_one(given, given)`,
    message: `set exactly one of ${kinds.slice(0, -1).join(", ")} and ${kinds.at(-1)}`,
  };
}

/** On the list of mounts. */
export const mountsApart: Rule = {
  rule: "self.all(a, self.all(b, a.mountPath == b.mountPath || !(b.mountPath + '/').startsWith(a.mountPath + '/')))",
  message: "no mountPath may be inside another one",
};

/** The names of claims with the work of runs and workspaces, and with caches. The operator looks at the claim too. */
export const userClaim: Rule = {
  rule: `!${matches("self", "(^cache-|-workspace$|-ws$)")}`,
  message:
    "must be none of the claims that the operator makes: <run>-workspace, <workspace>-ws, cache-<name>; use continueFrom, workspaceRef or caches for those",
};

/** On `spec`: what is mounted is there. */
export function mountsOfVolumes(mounts: string, volumes: string): Rule {
  return {
    rule: `!has(self.${mounts}) || self.${mounts}.all(mount, has(self.${volumes}) && self.${volumes}.exists(volume, volume.name == mount.name))`,
    fieldPath: `.${mounts}`,
    message: `every name must be one of ${volumes}`,
  };
}
