import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../../client/client.ts";
import { unlessRefused } from "../../client/errors.ts";
import { persistentVolumeClaims, type PersistentVolumeClaim, type Pod } from "../../kube/builtin.ts";
import {
  DEFAULT_CLASS,
  persistentVolumes,
  provisioningProblem,
  SELECTED_NODE,
  waitsForConsumer,
  isUsing,
  volumeFor,
  type PersistentVolume,
  type StorageClass,
} from "../../kube/kinds/storage-classes.ts";
import { keyOf } from "../../kube/objects.ts";
import { claimKeysOf } from "../../kube/pods/scheduling.ts";
import type { Cache } from "./cache.ts";
import { referenceTo, type RecordEvent } from "./events.ts";
import { createLoop, type Loop } from "./loop.ts";

const PROTECTION = "kubernetes.io/pvc-protection";
/** How long until a claim that cannot be met is tried, and its event repeated, again. */
const RETRY_MS = 15_000;

export interface ClaimControllerOptions {
  client: Client;
  claims: Cache<PersistentVolumeClaim>;
  classes: Cache<StorageClass>;
  volumes: Cache<PersistentVolume>;
  pods: Cache<Pod>;
  /** Where volumes are kept, a directory for each. */
  directory: string;
  recordEvent: RecordEvent;
  onError(key: string, error: unknown): void;
}

/** Makes volumes for claims, each a directory, binds them, and removes them with their claim. */
export function startClaimController(options: ClaimControllerOptions): Loop {
  const { client, claims, classes, recordEvent } = options;
  const warn = (claim: PersistentVolumeClaim, reason: string, message: string): number => {
    recordEvent(referenceTo(claim, "v1", "PersistentVolumeClaim"), "Warning", reason, message);
    return RETRY_MS;
  };
  const tell = (claim: PersistentVolumeClaim, reason: string, message: string): void =>
    recordEvent(referenceTo(claim, "v1", "PersistentVolumeClaim"), "Normal", reason, message);

  const at = (claim: PersistentVolumeClaim) => ({
    namespace: claim.metadata.namespace ?? "",
    name: claim.metadata.name ?? "",
  });

  const unprotect = async (claim: PersistentVolumeClaim): Promise<void> => {
    const key = keyOf(claim);
    for (const pod of options.pods.list()) {
      if (isUsing(pod) && claimKeysOf(pod).includes(key)) return;
    }
    const left = (claim.metadata.finalizers ?? []).filter((finalizer) => finalizer !== PROTECTION);
    if (left.length === claim.metadata.finalizers?.length) return;
    const metadata = { uid: claim.metadata.uid, finalizers: left.length === 0 ? null : left };
    await client.patch(persistentVolumeClaims, at(claim), { metadata });
  };

  const useDefaultClass = async (claim: PersistentVolumeClaim): Promise<number | undefined> => {
    const standard = [...classes.list()].find(
      ({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true",
    );
    if (standard === undefined) {
      tell(
        claim,
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
      );
      return RETRY_MS;
    }
    const body = {
      metadata: { uid: claim.metadata.uid },
      spec: { storageClassName: standard.metadata.name },
    };
    claims.put(await client.patch(persistentVolumeClaims, at(claim), body));
    return 1;
  };

  const bind = async (claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> => {
    const metadata = {
      uid: claim.metadata.uid,
      annotations: {
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
        "volume.kubernetes.io/storage-provisioner":
          volume.metadata.annotations?.["pv.kubernetes.io/provisioned-by"],
      },
    };
    const spec = { volumeName: volume.metadata.name };
    await client.patch(persistentVolumeClaims, at(claim), { metadata, spec });
    const { accessModes, capacity } = volume.spec;
    const status = { phase: "Bound", accessModes, capacity };
    claims.put(await client.patch(persistentVolumeClaims, at(claim), { status }, { subresource: "status" }));
    const name = volume.metadata.name ?? "";
    await client.patch(
      persistentVolumes,
      { name },
      { status: { phase: "Bound" } },
      { subresource: "status" },
    );
  };

  const provision = async (claim: PersistentVolumeClaim, storageClass: StorageClass): Promise<void> => {
    const name = claim.spec.volumeName || `pvc-${claim.metadata.uid}`;
    const path = join(options.directory, name);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    const wanted = volumeFor(claim, storageClass, name, path);
    const created = await unlessRefused(client.create(persistentVolumes, wanted), "AlreadyExists");
    if (created !== undefined)
      tell(claim, "ProvisioningSucceeded", `Successfully provisioned volume ${name}`);
    await bind(claim, wanted);
  };

  const meet = async (claim: PersistentVolumeClaim): Promise<number | undefined> => {
    const className = claim.spec.storageClassName;
    if (className === undefined) return useDefaultClass(claim);
    if (className === "") {
      tell(
        claim,
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
      );
      return RETRY_MS;
    }
    const storageClass = classes.get(className);
    if (storageClass === undefined) {
      return warn(claim, "ProvisioningFailed", `storageclass.storage.k8s.io "${className}" not found`);
    }
    if (waitsForConsumer(storageClass) && claim.metadata.annotations?.[SELECTED_NODE] === undefined) {
      tell(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
      return undefined;
    }
    const problem = provisioningProblem(claim, storageClass);
    if (problem !== undefined) return warn(claim, "ProvisioningFailed", problem);
    await provision(claim, storageClass);
    return undefined;
  };

  const removeVolume = async (volumeName: string): Promise<void> => {
    const volume = options.volumes.get(volumeName);
    if (volume?.spec.persistentVolumeReclaimPolicy === "Retain") return;
    await unlessRefused(client.delete(persistentVolumes, { name: volumeName }), "NotFound");
    await rm(join(options.directory, volumeName), { recursive: true, force: true });
  };

  const abandoned = new Map<string, Set<string>>();
  const loop = createLoop({
    concurrency: 8,
    onError: options.onError,
    async reconcile(key) {
      for (const volumeName of abandoned.get(key) ?? []) {
        await removeVolume(volumeName);
        abandoned.get(key)?.delete(volumeName);
      }
      if (abandoned.get(key)?.size === 0) abandoned.delete(key);
      const claim = claims.get(key);
      if (claim === undefined) return undefined;
      if (claim.metadata.deletionTimestamp !== undefined) await unprotect(claim);
      else if (claim.status?.phase !== "Bound") return meet(claim);
      return undefined;
    },
  });

  claims.subscribe(({ key, before, after }) => {
    if (after === undefined && before?.spec.volumeName) {
      abandoned.set(key, (abandoned.get(key) ?? new Set()).add(before.spec.volumeName));
    }
    loop.add(key);
  });
  classes.subscribe(() => {
    for (const claim of claims.list()) if (claim.status?.phase !== "Bound") loop.add(keyOf(claim));
  });
  options.pods.subscribe(({ before, after }) => {
    const pod = after ?? before;
    if (pod === undefined || (after !== undefined && isUsing(after))) return;
    for (const key of claimKeysOf(pod)) {
      if (claims.get(key)?.metadata.deletionTimestamp !== undefined) loop.add(key);
    }
  });
  return loop;
}
