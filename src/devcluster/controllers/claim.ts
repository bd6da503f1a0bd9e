import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { follow } from "../../client/cache/follow.ts";
import { unlessRefused } from "../../client/errors.ts";
import { persistentVolumeClaims, type PersistentVolumeClaim } from "../../kube/builtin.ts";
import { boundClaim, claimKeysOfVolume, isReleased, planClaim } from "./plans/claim-plan.ts";
import { isUsing, volumeFor } from "../../kube/storage-classes.ts";
import { persistentVolumes, type PersistentVolume, type StorageClass } from "../../kube/cluster-kinds.ts";
import { isDeleting, keyOf, locationOf } from "../../kube/objects.ts";
import { claimKeysOf } from "./plans/scheduling.ts";
import type { ControllerOptions } from "./caches.ts";
import { createLoop, type Loop } from "./loop.ts";

/** A new claim waits so long, as for a real provisioner: pods that use it are unschedulable until then. */
const PROVISION_MS = 100;

/**
 * Makes volumes for claims, each a directory below `directory`, binds them, and removes them with their
 * claim.
 */
export function startClaimController(options: ControllerOptions & { directory: string }): Loop {
  const { client, caches, recordEvent } = options;
  const onStatus = { subresource: "status" };

  const bind = async (claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> => {
    const { object, status } = boundClaim(claim, volume);
    await client.patch(persistentVolumeClaims, locationOf(claim), object);
    caches.claims.put(await client.patch(persistentVolumeClaims, locationOf(claim), { status }, onStatus));
    await client.patch(persistentVolumes, locationOf(volume), { status: { phase: "Bound" } }, onStatus);
  };

  const provision = async (claim: PersistentVolumeClaim, storageClass: StorageClass): Promise<void> => {
    const name = claim.spec.volumeName || `pvc-${claim.metadata.uid}`;
    const path = join(options.directory, name);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    const volume = volumeFor(claim, storageClass, name, path);
    const created = await unlessRefused(client.create(persistentVolumes, volume), "AlreadyExists");
    if (created !== undefined) {
      const message = `Successfully provisioned volume ${name}`;
      const reason = "ProvisioningSucceeded";
      recordEvent(persistentVolumeClaims, claim, { type: "Normal", reason, message });
    }
    await bind(claim, volume);
  };

  const reclaim = async (volume: PersistentVolume): Promise<void> => {
    if (volume.spec.persistentVolumeReclaimPolicy === "Retain") return;
    await rm(join(options.directory, volume.metadata.name ?? ""), { recursive: true, force: true });
    await unlessRefused(client.delete(persistentVolumes, locationOf(volume)), "NotFound");
  };

  const loop = createLoop({
    concurrency: 8,
    onError: options.onError,
    async reconcile(key) {
      const claim = caches.claims.get(key);
      for (const volume of caches.volumes.by("claim", key)) {
        if (isReleased(volume, claim)) await reclaim(volume);
      }
      if (claim === undefined) return undefined;
      const isUsed = [...caches.pods.list()].some((pod) => isUsing(pod) && claimKeysOf(pod).includes(key));
      const plan = planClaim(claim, [...caches.classes.list()], isUsed);
      if (plan.event !== undefined) recordEvent(persistentVolumeClaims, claim, plan.event);
      if (plan.patch !== undefined) await client.patch(persistentVolumeClaims, locationOf(claim), plan.patch);
      if (plan.provision !== undefined) await provision(claim, plan.provision);
      return plan.requeueMs;
    },
  });

  follow(caches.claims, ({ key, old }) => loop.add(key, old === undefined ? PROVISION_MS : 0));
  follow(caches.volumes, ({ new: volume }) => {
    for (const key of volume === undefined ? [] : claimKeysOfVolume(volume)) loop.add(key);
  });
  follow(caches.classes, () => {
    for (const claim of caches.claims.list()) if (claim.status?.phase !== "Bound") loop.add(keyOf(claim));
  });
  follow(caches.pods, ({ old, new: pod = old }) => {
    if (pod === undefined) return;
    for (const key of claimKeysOf(pod)) {
      const claim = caches.claims.get(key);
      if (claim !== undefined && isDeleting(claim)) loop.add(key);
    }
  });
  return loop;
}
