import { chown, chmod, lstat, mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Container, KeyToPath, Pod, Volume } from "../../kube/builtin.ts";
import type { Mount } from "./sandbox/sandbox.ts";

/** A volume that cannot be made ready yet; the pod waits and it is tried again. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
}

/** A volume's directory (or file, for some host paths) on this machine. */
export interface ReadyVolume {
  path: string;
  readOnly: boolean;
}

/** What volumes are made from. Lookups resolve to undefined when there is no such object. */
export interface VolumeSources {
  secret(name: string): Promise<Record<string, Buffer> | undefined>;
  configMap(name: string): Promise<Record<string, Buffer> | undefined>;
  /** The directory of a bound claim, or undefined when it is not bound. */
  claim(name: string): Promise<string | undefined>;
}

const DEFAULT_MODE = 0o644;

async function writeKeys(
  directory: string,
  data: Record<string, Buffer>,
  wanted: readonly KeyToPath[] | undefined,
  defaultMode: number,
  missing: (key: string) => string | undefined,
): Promise<void> {
  const items: KeyToPath[] = wanted ? [...wanted] : Object.keys(data).map((key) => ({ key, path: key }));
  // The kubelet's own layout: what users see are links through ..data.
  const real = join(directory, "..data_0");
  await mkdir(real, { recursive: true });
  for (const item of items) {
    const content = data[item.key];
    if (content === undefined) {
      const problem = missing(item.key);
      if (problem !== undefined) throw new Error(problem);
      continue;
    }
    const file = join(real, normalize(`/${item.path}`));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, item.mode ?? defaultMode);
  }
  await symlink("..data_0", join(directory, "..data"));
  for (const name of await readdir(real)) await symlink(join("..data", name), join(directory, name));
}

async function keysVolume(
  directory: string,
  volume: Volume,
  namespace: string,
  sources: VolumeSources,
): Promise<void> {
  const isSecret = volume.secret !== undefined;
  const name = volume.secret?.secretName ?? volume.configMap?.name ?? "";
  const spec = volume.secret ?? volume.configMap;
  const optional = spec?.optional ?? false;
  const data = isSecret ? await sources.secret(name) : await sources.configMap(name);
  const kind = isSecret ? "secret" : "configmap";
  if (data === undefined && !optional) throw new Error(`${kind} ${JSON.stringify(name)} not found`);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeKeys(directory, data ?? {}, spec?.items, spec?.defaultMode ?? DEFAULT_MODE, (key) =>
    optional
      ? undefined
      : `references non-existent ${isSecret ? "secret" : "config"} key: ${key} in ${namespace}/${name}`,
  );
}

async function hostPathVolume(path: string, type: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined && type === "DirectoryOrCreate") await mkdir(path, { recursive: true });
  else if (stats === undefined && type === "FileOrCreate") await writeFile(path, "");
  else if (type === "Directory" && !stats?.isDirectory()) {
    throw new Error(`hostPath type check failed: ${path} is not a directory`);
  } else if (type === "File" && !stats?.isFile())
    throw new Error(`hostPath type check failed: ${path} is not a file`);
  else if (stats === undefined && type === "")
    throw new Error(`hostPath ${path} does not exist on this machine`);
}

async function readyVolume(
  volume: Volume,
  directory: string,
  namespace: string,
  sources: VolumeSources,
): Promise<ReadyVolume> {
  if (volume.emptyDir !== undefined) {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o777);
    return { path: directory, readOnly: false };
  }
  if (volume.secret !== undefined || volume.configMap !== undefined) {
    await keysVolume(directory, volume, namespace, sources);
    return { path: directory, readOnly: true };
  }
  if (volume.persistentVolumeClaim !== undefined) {
    const { claimName, readOnly } = volume.persistentVolumeClaim;
    const path = await sources.claim(claimName);
    if (path === undefined)
      throw new Error(`persistentvolumeclaim ${JSON.stringify(claimName)} is not bound`);
    return { path, readOnly: readOnly ?? false };
  }
  if (volume.hostPath !== undefined) {
    await hostPathVolume(volume.hostPath.path, volume.hostPath.type ?? "");
    return { path: volume.hostPath.path, readOnly: false };
  }
  const type = Object.keys(volume).find((key) => key !== "name") ?? "none";
  throw new Error(`volumes of type ${type} are not supported by this cluster`);
}

/**
 * Gives `path` and everything in it to the group, as a kubelet does for fsGroup: readable, writable
 * unless `readOnly`, directories set-group-ID.
 */
async function giveToGroup(path: string, gid: number, readOnly: boolean): Promise<void> {
  const stats = await lstat(path);
  const { uid } = stats;
  if (stats.isSymbolicLink()) return;
  if (stats.gid !== gid) await chown(path, uid, gid);
  const bits = (readOnly ? 0o440 : 0o660) | (stats.isDirectory() ? 0o2110 : 0);
  if ((stats.mode & bits) !== bits) await chmod(path, (stats.mode & 0o7777) | bits);
  if (!stats.isDirectory()) return;
  for (const name of await readdir(path)) await giveToGroup(join(path, name), gid, readOnly);
}

async function applyFsGroup(volume: Volume, ready: ReadyVolume, pod: Pod): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
  if (fsGroup === undefined || volume.hostPath !== undefined) return;
  const top = await stat(ready.path);
  const matches = top.gid === fsGroup && (top.mode & 0o2770) === 0o2770;
  if (fsGroupChangePolicy === "OnRootMismatch" && matches) return;
  await giveToGroup(ready.path, fsGroup, ready.readOnly);
}

/**
 * Makes all volumes of a pod under `directory`. Throws VolumeError in the kubelet's words for the first
 * that cannot be made; calling again is safe. fsGroup is applied where `changesUser`.
 */
export async function setUpVolumes(
  pod: Pod,
  directory: string,
  changesUser: boolean,
  sources: VolumeSources,
): Promise<Map<string, ReadyVolume>> {
  const volumes = new Map<string, ReadyVolume>();
  for (const volume of pod.spec.volumes ?? []) {
    try {
      const ready = await readyVolume(
        volume,
        join(directory, volume.name),
        pod.metadata.namespace ?? "",
        sources,
      );
      if (changesUser) await applyFsGroup(volume, ready, pod);
      volumes.set(volume.name, ready);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new VolumeError(`MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${why}`);
    }
  }
  return volumes;
}

async function subPathOf(volume: ReadyVolume, subPath: string): Promise<string> {
  const path = join(volume.path, normalize(`/${subPath}`));
  const existing = await stat(path).catch(() => undefined);
  if (existing !== undefined) return path;
  // As the kubelet: a new subPath has the volume's own mode, and its group by the set-group-ID bit.
  const top = await stat(volume.path);
  let made = volume.path;
  for (const part of normalize(`/${subPath}`)
    .split("/")
    .filter((part) => part !== "")) {
    made = join(made, part);
    const isNew = await mkdir(made).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") return false;
        throw error;
      },
    );
    if (!isNew) continue;
    if (process.getuid?.() === 0) await chown(made, top.uid, top.gid);
    await chmod(made, top.mode & 0o7777);
  }
  return path;
}

/** The mounts of one container; creates subPath directories. Throws VolumeError. */
export async function mountsOf(
  container: Container,
  volumes: ReadonlyMap<string, ReadyVolume>,
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const volume = volumes.get(mount.name);
    if (volume === undefined) throw new VolumeError(`no volume named ${mount.name}`);
    const source = mount.subPath ? await subPathOf(volume, mount.subPath) : volume.path;
    mounts.push({
      source,
      target: normalize(mount.mountPath).replace(/(.)\/$/, "$1"),
      readOnly: volume.readOnly || (mount.readOnly ?? false),
      isFile: (await stat(source)).isFile(),
    });
  }
  return mounts;
}
