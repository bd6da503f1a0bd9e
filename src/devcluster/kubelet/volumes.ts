import { chown, chmod, lstat, mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Container, Pod, Volume } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { hasMadeFiles, volumeFiles, volumeSourceNames, type VolumeFile } from "./pods/volume-files.ts";
import { resourceType } from "../../kube/resources.ts";
import type { LocalNode } from "./node.ts";
import { readSources } from "./pod-sources.ts";
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

/** Tokens of pods are not renewed, so they live as long as a real server lets those of its own pods. */
const TOKEN_SECONDS = 365 * 24 * 3600;

interface TokenRequest extends KubeObject {
  spec: Record<string, unknown>;
  status?: { token: string };
}

async function readToken(node: LocalNode, pod: Pod, audience: string | undefined): Promise<string> {
  const { namespace, name, uid } = pod.metadata;
  const account = pod.spec.serviceAccountName ?? "default";
  const tokens = resourceType<TokenRequest>("", "v1", `serviceaccounts/${account}/token`, "TokenRequest");
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    metadata: { namespace },
    spec: {
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds: TOKEN_SECONDS,
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
    },
  };
  return (await node.client.create(tokens, request)).status?.token ?? "";
}

/** Writes a volume's files in the kubelet's own layout: what users see are links through `..data`. */
async function writeFiles(
  directory: string,
  files: readonly VolumeFile[],
  tokenFor: (audience: string | undefined) => Promise<string>,
): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  const real = join(directory, "..data_0");
  await mkdir(real, { recursive: true });
  for (const { path, mode, content } of files) {
    const file = join(real, normalize(`/${path}`));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content instanceof Uint8Array ? content : await tokenFor(content.audience));
    await chmod(file, mode);
  }
  await symlink("..data_0", join(directory, "..data"));
  for (const name of await readdir(real)) await symlink(join("..data", name), join(directory, name));
}

async function hostPathVolume(path: string, type: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined && type === "DirectoryOrCreate") await mkdir(path, { recursive: true });
  else if (stats === undefined && type === "FileOrCreate") await writeFile(path, "");
  else if (type === "Directory" && !stats?.isDirectory())
    throw new Error(`hostPath type check failed: ${path} is not a directory`);
  else if (type === "File" && !stats?.isFile())
    throw new Error(`hostPath type check failed: ${path} is not a file`);
  else if (stats === undefined) throw new Error(`hostPath ${path} does not exist on this machine`);
}

async function readyVolume(
  node: LocalNode,
  pod: Pod,
  volume: Volume,
  directory: string,
): Promise<ReadyVolume> {
  const { namespace = "" } = pod.metadata;
  const { emptyDir, persistentVolumeClaim: claim, hostPath } = volume;
  if (emptyDir !== undefined) {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o777);
    return { path: directory, readOnly: false };
  }
  if (hasMadeFiles(volume)) {
    const sources = await readSources(node, namespace, volumeSourceNames(volume));
    const files = volumeFiles(pod, volume, sources);
    await writeFiles(directory, files, (audience) => readToken(node, pod, audience));
    return { path: directory, readOnly: true };
  }
  if (claim !== undefined) {
    const path = node.claimDirectory(namespace, claim.claimName);
    if (path !== undefined) return { path, readOnly: claim.readOnly ?? false };
    throw new Error(`persistentvolumeclaim ${JSON.stringify(claim.claimName)} is not bound`);
  }
  if (hostPath !== undefined) {
    await hostPathVolume(hostPath.path, hostPath.type ?? "");
    return { path: hostPath.path, readOnly: false };
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
  if (stats.isSymbolicLink()) return;
  if (stats.gid !== gid) await chown(path, stats.uid, gid);
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
 * that cannot be made; calling again is safe. fsGroup is applied if the sandbox changes users.
 */
export async function setUpVolumes(
  node: LocalNode,
  pod: Pod,
  directory: string,
): Promise<Map<string, ReadyVolume>> {
  const volumes = new Map<string, ReadyVolume>();
  for (const volume of pod.spec.volumes ?? []) {
    try {
      const ready = await readyVolume(node, pod, volume, join(directory, volume.name));
      if (node.sandbox.changesUser) await applyFsGroup(volume, ready, pod);
      volumes.set(volume.name, ready);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new VolumeError(`MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${why}`);
    }
  }
  return volumes;
}

/** Makes a subPath as the kubelet does: with the volume's own mode, and its group by the set-group-ID bit. */
async function makeSubPath(volume: string, subPath: string): Promise<void> {
  const top = await stat(volume);
  let made = volume;
  for (const part of subPath.split("/").filter((part) => part !== "")) {
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
    const subPath = normalize(`/${mount.subPath ?? ""}`);
    const source = join(volume.path, subPath).replace(/(.)\/$/, "$1");
    const existing = await stat(source).catch(() => undefined);
    if (existing === undefined) await makeSubPath(volume.path, subPath);
    mounts.push({
      source,
      target: normalize(mount.mountPath).replace(/(.)\/$/, "$1"),
      readOnly: volume.readOnly || (mount.readOnly ?? false),
      isFile: existing?.isFile() ?? false,
    });
  }
  return mounts;
}
