import type { ConfigMap, Pod, Secret, Volume } from "../../../kube/builtin.ts";
import type { VolumeProjection } from "../../../kube/projections.ts";
import { base64ToBytes } from "../../../kube/base64.ts";
import { downwardValue, type KeyedData, type SourceNames, type ValueSources } from "./environment.ts";

/** A file of a volume that is made from the pod and the objects that it names. */
export interface VolumeFile {
  path: string;
  mode: number;
  /** Its content, or the service account token that becomes it. */
  content: Uint8Array | { audience?: string; expirationSeconds?: number };
}

const DEFAULT_MODE = 0o644;

/** The bytes of a Secret, by key. */
export function secretData(secret: Secret | undefined): KeyedData | undefined {
  return secret && decoded(secret.data);
}

/** The bytes of a ConfigMap, by key. */
export function configMapData(map: ConfigMap | undefined): KeyedData | undefined {
  if (map === undefined) return undefined;
  const texts = Object.entries(map.data ?? {}).map(([key, text]) => [key, new TextEncoder().encode(text)]);
  return { ...decoded(map.binaryData), ...Object.fromEntries(texts) };
}

function decoded(data: Readonly<Record<string, string>> = {}): KeyedData {
  return Object.fromEntries(Object.entries(data).map(([key, base64]) => [key, base64ToBytes(base64)]));
}

/** A volume's files as the sources of a projected one; undefined if the volume holds no such files. */
function projectionsOf({
  secret,
  configMap,
  downwardAPI,
  projected,
}: Volume): VolumeProjection[] | undefined {
  if (secret !== undefined) return [{ secret: { ...secret, name: secret.secretName } }];
  if (configMap !== undefined) return [{ configMap }];
  if (downwardAPI !== undefined) return [{ downwardAPI }];
  return projected === undefined ? undefined : (projected.sources ?? []);
}

/** Whether a volume consists of files that are made from objects. */
export function hasMadeFiles(volume: Volume): boolean {
  return projectionsOf(volume) !== undefined;
}

/** The Secrets and ConfigMaps that a volume is made from. */
export function volumeSourceNames(volume: Volume): SourceNames {
  const projections = projectionsOf(volume) ?? [];
  return {
    secrets: projections.flatMap(({ secret }) => (secret === undefined ? [] : [secret.name ?? ""])),
    configMaps: projections.flatMap(({ configMap }) =>
      configMap === undefined ? [] : [configMap.name ?? ""],
    ),
  };
}

/** The files of such a volume; of two of one path the later counts. Throws in the kubelet's words. */
export function volumeFiles(pod: Pod, volume: Volume, sources: ValueSources): VolumeFile[] {
  const { secret, configMap, downwardAPI, projected } = volume;
  const mode = (secret ?? configMap ?? downwardAPI ?? projected)?.defaultMode ?? DEFAULT_MODE;
  return (projectionsOf(volume) ?? []).flatMap((projection) => filesOf(pod, projection, sources, mode));
}

function filesOf(
  pod: Pod,
  { secret, configMap, downwardAPI, serviceAccountToken }: VolumeProjection,
  sources: ValueSources,
  mode: number,
): VolumeFile[] {
  if (secret !== undefined) return keyFiles(pod, "secret", secret, sources.secrets, mode);
  if (configMap !== undefined) return keyFiles(pod, "configMap", configMap, sources.configMaps, mode);
  if (serviceAccountToken !== undefined) {
    const { path, ...content } = serviceAccountToken;
    return [{ path, mode, content }];
  }
  return (downwardAPI?.items ?? []).map((item) => ({
    path: item.path,
    mode: item.mode ?? mode,
    content: new TextEncoder().encode(downwardValue(item, pod, undefined, sources) ?? ""),
  }));
}

type KeySource = NonNullable<VolumeProjection["secret"]>;

function keyFiles(
  pod: Pod,
  source: "secret" | "configMap",
  { name = "", items, optional = false }: KeySource,
  objects: ReadonlyMap<string, KeyedData | undefined>,
  mode: number,
): VolumeFile[] {
  const data = objects.get(name);
  if (data === undefined && !optional) {
    throw new Error(`${source.toLowerCase()} ${JSON.stringify(name)} not found`);
  }
  const wanted = items ?? Object.keys(data ?? {}).map((key) => ({ key, path: key, mode }));
  return wanted.flatMap((item) => {
    const content = data?.[item.key];
    if (content !== undefined) return [{ path: item.path, mode: item.mode ?? mode, content }];
    if (optional) return [];
    const kind = source === "secret" ? "secret" : "config";
    throw new Error(`references non-existent ${kind} key: ${item.key} in ${pod.metadata.namespace}/${name}`);
  });
}
