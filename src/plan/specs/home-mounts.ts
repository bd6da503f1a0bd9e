import type { VolumeMount } from "../../kube/builtin.ts";

/**
 * The home directory with what is mounted inside it. A folder above such a mount is a mount of the home directory too: the node
 * makes a missing one as root, so that no program could write beside the mount, but one of a subPath is as writable as its volume.
 */
export function homeMounts(home: string, mounts: readonly VolumeMount[]): VolumeMount[] {
  const above = new Set(mounts.map(({ mountPath }) => mountPath.slice(0, mountPath.lastIndexOf("/"))));
  const isOwn = (folder: string): boolean =>
    folder.startsWith(`${home}/`) &&
    !mounts.some(({ mountPath }) => `${folder}/`.startsWith(`${mountPath}/`));
  return [
    { name: "home", mountPath: home },
    ...[...above].filter(isOwn).map((folder) => ({
      name: "home",
      mountPath: folder,
      subPath: folder.slice(home.length + 1),
    })),
    ...mounts,
  ];
}
