import type { PersistentVolumeClaim, Pod } from "./builtin.ts";
import { DEFAULT_CLASS, type PersistentVolume, type StorageClass } from "./cluster-kinds.ts";

/** Written by the scheduler: the claim's first consumer has a node. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";

/** Only one node at a time may use it. */
const LOCAL_PROVISIONER = "rancher.io/local-path";
const SHARED_PROVISIONER = "nfs.csi.k8s.io";

/** The classes that every cluster of this kind has. */
export const BUILT_IN_CLASSES: readonly StorageClass[] = [
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "standard", annotations: { [DEFAULT_CLASS]: "true" } },
    provisioner: LOCAL_PROVISIONER,
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
  },
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "nfs-csi" },
    provisioner: SHARED_PROVISIONER,
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
  },
];

/** Why this cluster cannot make a volume of this class for the claim, if it cannot. */
export function provisioningProblem(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
): string | undefined {
  const { provisioner, metadata } = storageClass;
  const modes = claim.spec.accessModes ?? [];
  const failed = `failed to provision volume with StorageClass "${metadata.name}"`;
  if (provisioner !== LOCAL_PROVISIONER && provisioner !== SHARED_PROVISIONER) {
    return `${failed}: this cluster has no provisioner "${provisioner}"`;
  }
  if (provisioner === LOCAL_PROVISIONER && modes.some((mode) => !mode.startsWith("ReadWriteOnce"))) {
    return `${failed}: NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes`;
  }
  return claim.spec.volumeMode === "Block" ? `${failed}: block volumes are not supported` : undefined;
}

/** Whether volumes of the class wait for a pod that uses them. */
export function waitsForConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === "WaitForFirstConsumer";
}

/** The volume at `path` that a claim is bound to. */
export function volumeFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  name: string,
  path: string,
): PersistentVolume {
  const { uid, namespace, name: claimName, resourceVersion } = claim.metadata;
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name,
      annotations: { "pv.kubernetes.io/provisioned-by": storageClass.provisioner },
    },
    spec: {
      capacity: { storage: String(claim.spec.resources?.requests?.["storage"] ?? "1Gi") },
      accessModes: claim.spec.accessModes ?? [],
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace,
        name: claimName,
        uid,
        resourceVersion,
      },
      storageClassName: storageClass.metadata.name ?? "",
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      volumeMode: "Filesystem",
      hostPath: { path, type: "DirectoryOrCreate" },
    },
  };
}

/** Whether a container of the pod may still use its volumes. */
export function isUsing(pod: Pod): boolean {
  return pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed";
}
