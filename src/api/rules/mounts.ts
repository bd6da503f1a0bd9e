import { celList, matches, type Rule } from "../schema/rule.ts";
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
      "would cover another mount or a directory that the pod needs; use its own directory, such as /root/.claude or /data",
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
