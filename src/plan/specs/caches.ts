import {
  LABEL_CACHE,
  LABEL_COMPONENT,
  LABEL_MANAGED_BY,
  LABEL_NAME,
  OPERATOR_NAME,
} from "../../api/labels.ts";
import {
  persistentVolumeClaims,
  type PersistentVolumeClaim,
  type Volume,
  type VolumeMount,
} from "../../kube/builtin.ts";
import type { Child } from "../../kube/plan.ts";
import type { PodFields, ResolvedCache } from "../resolved-run.ts";
import { CACHE_COMPONENT } from "./labels.ts";
import { cacheClaimName } from "./names.ts";
import { mergedAffinity } from "./pod-fields.ts";

/** The claims of caches, which belong to no run: each is made by the first that uses it, and stays. */
export function cacheClaims(namespace: string, caches: readonly ResolvedCache[] = []): Child[] {
  return caches.map((cache) => ({
    type: persistentVolumeClaims,
    object: claimOf(namespace, cache),
    sharedBy: { label: LABEL_CACHE, value: cache.name },
  }));
}

function claimOf(namespace: string, { name, accessMode, storage }: ResolvedCache): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: cacheClaimName(name),
      namespace,
      labels: {
        [LABEL_NAME]: OPERATOR_NAME,
        [LABEL_COMPONENT]: CACHE_COMPONENT,
        [LABEL_MANAGED_BY]: OPERATOR_NAME,
        [LABEL_CACHE]: name,
      },
    },
    spec: {
      accessModes: [accessMode],
      ...(storage.className === undefined ? {} : { storageClassName: storage.className }),
      resources: { requests: { storage: storage.size } },
    },
  };
}

export function cacheVolumes(caches: readonly ResolvedCache[] = []): Volume[] {
  return caches.map(({ name }) => ({
    name: `cache-${name}`,
    persistentVolumeClaim: { claimName: cacheClaimName(name) },
  }));
}

/** For containers without any git credential. */
export function cacheMounts(caches: readonly ResolvedCache[] = []): VolumeMount[] {
  return caches.map(({ name, mountPath }) => ({ name: `cache-${name}`, mountPath }));
}

/** The pod says which caches it uses; those that one node alone can have bring it to the others that use them. */
export function withCaches(pod: PodFields, caches: readonly ResolvedCache[] = []): PodFields {
  if (caches.length === 0) return pod;
  const labelOf = ({ name }: ResolvedCache): Record<string, string> => ({
    [`${LABEL_CACHE}-${name}`]: "true",
  });
  const terms = caches
    .filter(({ accessMode }) => accessMode === "ReadWriteOnce")
    .map((cache) => ({
      labelSelector: { matchLabels: labelOf(cache) },
      topologyKey: "kubernetes.io/hostname",
    }));
  const own = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } };
  return {
    ...pod,
    labels: Object.assign({}, pod.labels, ...caches.map(labelOf)) as Record<string, string>,
    affinity: terms.length === 0 ? pod.affinity : mergedAffinity(pod.affinity, own),
  };
}
