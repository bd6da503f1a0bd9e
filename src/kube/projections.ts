/** Types of core/v1 for what is shown of objects in files. Source: k8s.io/api. */

export interface KeyToPath {
  key: string;
  path: string;
  mode?: number;
}

/** What of a pod becomes a value or a file's content. */
export interface DownwardValue {
  fieldRef?: { apiVersion?: string; fieldPath: string };
  resourceFieldRef?: { containerName?: string; resource: string; divisor?: string | number };
}

/** One source of a projected volume. */
export interface VolumeProjection {
  secret?: { name?: string; items?: KeyToPath[]; optional?: boolean };
  configMap?: { name?: string; items?: KeyToPath[]; optional?: boolean };
  downwardAPI?: { items?: (DownwardValue & { path: string; mode?: number })[] };
  serviceAccountToken?: { path: string; audience?: string; expirationSeconds?: number };
}
