import type { AgentRunSpec } from "../../api/agent-run.ts";
import type { Volume, VolumeMount } from "../../kube/builtin.ts";

type UserVolume = NonNullable<AgentRunSpec["volumes"]>[number];
type UserMount = NonNullable<AgentRunSpec["volumeMounts"]>[number];

/** What the user mounts into a run's containers, as the run or the AgentConfig has it. */
export interface UserVolumes {
  volumes: readonly UserVolume[];
  mounts: readonly UserMount[];
}

const NONE: UserVolumes = { volumes: [], mounts: [] };

/** As the pod has them, under names that are none of the operator's. */
export function userVolumes({ volumes }: UserVolumes = NONE): Volume[] {
  return volumes.map(({ name, ...source }) => ({ ...source, name: volumeName(name) }) as Volume);
}

/** For containers without any git credential. */
export function userMounts({ mounts }: UserVolumes = NONE): VolumeMount[] {
  return mounts.map((mount) => ({ ...mount, name: volumeName(mount.name) }));
}

function volumeName(name: string): string {
  return `volume-${name}`;
}

/** The claims among them. */
export function userClaims({ volumes }: UserVolumes = NONE): string[] {
  return volumes.flatMap(({ persistentVolumeClaim: claim }) => (claim ? [claim.claimName] : []));
}

/** Whether a volume has a token of the pod's ServiceAccount. */
export function hasToken({ projected }: UserVolume): boolean {
  return projected?.sources.some(({ serviceAccountToken }) => serviceAccountToken) ?? false;
}

/** A Secret of a volume; `keys`: all of them if none are named. */
interface MountedSecret {
  name: string;
  items?: readonly { key: string; path: string }[];
  optional: boolean;
}

/** The Secrets in a volume. */
export function secretsOf({ secret, projected }: UserVolume): MountedSecret[] {
  const own = secret ? [{ ...secret, name: secret.secretName }] : [];
  const parts = projected?.sources.flatMap((source) => (source.secret ? [source.secret] : [])) ?? [];
  return [...own, ...parts].map(({ name, items, optional }) => ({
    name,
    items,
    optional: optional === true,
  }));
}

/** The files that come from Secrets; a path may end in `*`. */
export function secretFiles({ volumes, mounts }: UserVolumes = NONE): string[] {
  return mounts.flatMap(({ name, mountPath, subPath }) => {
    const volume = volumes.find((each) => each.name === name);
    const secrets = volume ? secretsOf(volume) : [];
    if (secrets.length === 0) return [];
    if (subPath !== undefined) return [mountPath];
    const files = secrets.flatMap(({ items }) => items?.map(({ path }) => `${mountPath}/${path}`) ?? []);
    return secrets.every(({ items }) => items) ? files : [`${mountPath}/*`, ...files];
  });
}

/**
 * What a verification has of them: nothing that the agent could have written, and no token, because it runs under another
 * account.
 */
export function verifiable({ volumes, mounts }: UserVolumes = NONE): UserVolumes {
  const isWritten = (volume: UserVolume): boolean =>
    volume.persistentVolumeClaim !== undefined &&
    volume.persistentVolumeClaim.readOnly !== true &&
    mounts.some(({ name, readOnly }) => name === volume.name && readOnly !== true);
  return only({ volumes, mounts }, (volume) => !isWritten(volume) && !hasToken(volume));
}

/** For the command itself, whose output is shown. */
export function withoutSecrets(given: UserVolumes = NONE): UserVolumes {
  return only(given, (volume) => secretsOf(volume).length === 0);
}

function only({ volumes, mounts }: UserVolumes, isWanted: (volume: UserVolume) => boolean): UserVolumes {
  const wanted = volumes.filter(isWanted);
  return { volumes: wanted, mounts: mounts.filter(({ name }) => wanted.some((each) => each.name === name)) };
}
