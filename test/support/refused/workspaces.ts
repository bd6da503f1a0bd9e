import { manifest, workspace, sharing, type RefusedManifest } from "./manifest.ts";
import { DNS_LABEL, MOUNT, ABSOLUTE, SIZE, SIZE_OF_ITEM } from "./words.ts";

export const workspaces: RefusedManifest[] = [
  {
    what: "a workspace without a repository",
    manifest: manifest("AgentWorkspace", { storageClass: "nfs-csi" }),
    says: "spec.repository: Required value",
  },
  {
    what: "a workspace's name of 59 characters",
    manifest: workspace({}, "w".repeat(59)),
    says: "metadata.name: Invalid value: the name of an AgentWorkspace must be a DNS label of at most 58 characters: lower case letters, digits and '-', starting and ending with a letter or digit",
  },
  {
    what: "an access mode that no claim of a workspace can have",
    manifest: workspace({ accessMode: "ReadOnlyMany" }),
    says: `spec.accessMode: Unsupported value: "ReadOnlyMany": supported values: "ReadWriteMany", "ReadWriteOnce"`,
  },
  {
    what: "a storage size of zero",
    manifest: workspace({ storageSize: "0" }),
    says: `spec.storageSize: Invalid value: "0": ${SIZE}`,
  },
  {
    what: "a storage size with a unit that there is not",
    manifest: workspace({ storageSize: "10GB" }),
    says: `spec.storageSize: Invalid value: "10GB": ${SIZE}`,
  },
  {
    what: "a size of a shared volume that is none",
    manifest: sharing({ name: "cache", mountPath: "/data", storageSize: "10GB" }),
    says: `spec.sharedVolumes[0].storageSize: Invalid value: "10GB": spec.sharedVolumes[0].storageSize in body should match ${SIZE_OF_ITEM}`,
  },
  ...["ws", "workspace", "home", "tmp"].map((name) => ({
    what: `a shared volume with the operator's own name ${name}`,
    manifest: sharing({ name, mountPath: "/data" }),
    says: `spec.sharedVolumes[0].name: Invalid value: "${name}": must not be one of the operator's own names: ws, workspace, home, tmp`,
  })),
  {
    what: "a shared volume's name that is no DNS label",
    manifest: sharing({ name: "claude.config", mountPath: "/data" }),
    says: `spec.sharedVolumes[0].name: Invalid value: "claude.config": ${DNS_LABEL}`,
  },
  ...[
    "/workspace",
    "/workspace-wt/x",
    "/workspace-run",
    "/workspace-record",
    "/tmp",
    "/etc/ssl",
    "/usr/local/bin",
    "/root",
    "/home/agent",
  ].map((mountPath) => ({
    what: `a shared volume at ${mountPath}`,
    manifest: sharing({ name: "data", mountPath }),
    says: `spec.sharedVolumes[0].mountPath: Invalid value: "${mountPath}": ${MOUNT}`,
  })),
  ...["/", "root/.claude", "/data/../etc", "/data/", "//data", "/data:ro"].map((mountPath) => ({
    what: `a shared volume at ${mountPath}`,
    manifest: sharing({ name: "data", mountPath }),
    says: `spec.sharedVolumes[0].mountPath: Invalid value: "${mountPath}": ${ABSOLUTE}`,
  })),
  {
    what: "two shared volumes at one path",
    manifest: sharing({ name: "a", mountPath: "/data" }, { name: "b", mountPath: "/data" }),
    says: "spec.sharedVolumes: Invalid value: no two volumes may have the same mountPath, nor one inside the other",
  },
  {
    what: "a shared volume inside another",
    manifest: sharing({ name: "a", mountPath: "/data" }, { name: "b", mountPath: "/data/b" }),
    says: "spec.sharedVolumes: Invalid value: no two volumes may have the same mountPath, nor one inside the other",
  },
  {
    what: "two shared volumes of one name",
    manifest: sharing({ name: "a", mountPath: "/data" }, { name: "a", mountPath: "/more" }),
    says: `spec.sharedVolumes[1]: Duplicate value: {"name":"a"}`,
  },
  {
    what: "names of a workspace and its volume that are too long together",
    manifest: workspace({ sharedVolumes: [{ name: "v".repeat(20), mountPath: "/data" }] }, "w".repeat(50)),
    says: "spec.sharedVolumes: Invalid value: the workspace's name and a shared volume's name must together have at most 62 characters: the volume's claim is named <workspace>-<volume>",
  },
];
