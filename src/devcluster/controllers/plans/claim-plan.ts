import type { PersistentVolumeClaim } from "../../../kube/builtin.ts";
import type { EventDetails } from "../../core-events.ts";
import { DEFAULT_CLASS, type PersistentVolume, type StorageClass } from "../../../kube/cluster-kinds.ts";
import { provisioningProblem, SELECTED_NODE, waitsForConsumer } from "../../../kube/storage-classes.ts";
import { isDeleting, withoutFinalizer } from "../../../kube/objects.ts";

const PROTECTION = "kubernetes.io/pvc-protection";

/** How long until a claim that cannot be met is tried, and its event repeated, again. */
const RETRY_MS = 15_000;

/** What is to be done for a claim now. */
export interface ClaimPlan {
  /** A merge patch of the claim. */
  patch?: { metadata: object; spec?: object };
  /** The class from which the claim is to get a volume. */
  provision?: StorageClass;
  event?: EventDetails;
  /** When time alone may change the plan. */
  requeueMs?: number;
}

function waiting(type: EventDetails["type"], reason: string, message: string): ClaimPlan {
  return { event: { type, reason, message }, requeueMs: RETRY_MS };
}

/** What a volume controller does for a claim. `isUsed`: whether a pod may still use it. */
export function planClaim(
  claim: PersistentVolumeClaim,
  classes: readonly StorageClass[],
  isUsed: boolean,
): ClaimPlan {
  const { uid, annotations, finalizers } = claim.metadata;
  if (isDeleting(claim)) {
    const isHeld = isUsed || !finalizers?.includes(PROTECTION);
    return isHeld ? {} : { patch: withoutFinalizer(claim, PROTECTION) };
  }
  if (claim.status?.phase === "Bound") return {};
  const className = claim.spec.storageClassName;
  if (className === undefined) {
    // The class may have become the default one after the claim was made.
    const standard = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true");
    if (standard !== undefined) {
      return { patch: { metadata: { uid }, spec: { storageClassName: standard.metadata.name } } };
    }
  }
  if (!className) {
    const message = "no persistent volumes available for this claim and no storage class is set";
    return waiting("Normal", "FailedBinding", message);
  }
  const storageClass = classes.find(({ metadata }) => metadata.name === className);
  if (storageClass === undefined) {
    return waiting("Warning", "ProvisioningFailed", `storageclass.storage.k8s.io "${className}" not found`);
  }
  if (waitsForConsumer(storageClass) && annotations?.[SELECTED_NODE] === undefined) {
    const message = "waiting for first consumer to be created before binding";
    return { event: { type: "Normal", reason: "WaitForFirstConsumer", message } };
  }
  const problem = provisioningProblem(claim, storageClass);
  return problem === undefined
    ? { provision: storageClass }
    : waiting("Warning", "ProvisioningFailed", problem);
}

/** What a claim has when it is bound to the volume, as a merge patch; its status is its own request. */
export function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume) {
  const annotations = {
    "pv.kubernetes.io/bind-completed": "yes",
    "pv.kubernetes.io/bound-by-controller": "yes",
    "volume.kubernetes.io/storage-provisioner":
      volume.metadata.annotations?.["pv.kubernetes.io/provisioned-by"],
  };
  const { accessModes, capacity } = volume.spec;
  return {
    object: {
      metadata: { uid: claim.metadata.uid, annotations },
      spec: { volumeName: volume.metadata.name },
    },
    status: { phase: "Bound", accessModes, capacity },
  };
}

/** `namespace/name` of the claim that a volume is for; none for a volume that no claim has. */
export function claimKeysOfVolume(volume: PersistentVolume): string[] {
  const { claimRef } = volume.spec;
  return claimRef?.["uid"] === undefined ? [] : [`${claimRef["namespace"]}/${claimRef["name"]}`];
}

/** Whether the claim that the volume is for has gone, perhaps to be followed by another of its name. */
export function isReleased(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): boolean {
  return volume.spec.claimRef?.["uid"] !== claim?.metadata.uid;
}
