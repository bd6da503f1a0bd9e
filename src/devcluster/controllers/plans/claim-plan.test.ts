import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolumeClaim } from "../../../kube/builtin.ts";
import { BUILT_IN_CLASSES, SELECTED_NODE, volumeFor } from "../../../kube/storage-classes.ts";
import { DEFAULT_CLASS } from "../../../kube/cluster-kinds.ts";
import { boundClaim, claimKeysOfVolume, isReleased, planClaim } from "./claim-plan.ts";

function aClaim(
  spec: PersistentVolumeClaim["spec"] = {},
  metadata: PersistentVolumeClaim["metadata"] = {},
): PersistentVolumeClaim {
  return { metadata: { name: "c", namespace: "ns", uid: "u", ...metadata }, spec };
}

const plan = (claim: PersistentVolumeClaim, isUsed = false) => planClaim(claim, BUILT_IN_CLASSES, isUsed);

test("a claim without a class gets the default one, or says that there is none", () => {
  assert.deepEqual(plan(aClaim()).patch, { metadata: { uid: "u" }, spec: { storageClassName: "standard" } });
  const plain = BUILT_IN_CLASSES.filter(
    ({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === undefined,
  );
  for (const none of [planClaim(aClaim(), plain, false), plan(aClaim({ storageClassName: "" }))]) {
    assert.equal(none.event?.reason, "FailedBinding");
    assert.ok((none.requeueMs ?? 0) > 0);
  }
});

test("a class that waits for a consumer provisions when a node is chosen", () => {
  const spec = { storageClassName: "standard", accessModes: ["ReadWriteOnce"] };
  const waiting = plan(aClaim(spec));
  assert.deepEqual([waiting.event?.reason, waiting.provision], ["WaitForFirstConsumer", undefined]);
  const chosen = plan(aClaim(spec, { annotations: { [SELECTED_NODE]: "n" } }));
  assert.equal(chosen.provision?.metadata.name, "standard");
});

test("what cannot be provisioned says why and is tried again", () => {
  const unknown = plan(aClaim({ storageClassName: "nowhere" }));
  assert.equal(unknown.event?.message, 'storageclass.storage.k8s.io "nowhere" not found');
  const block = plan(aClaim({ storageClassName: "nfs-csi", volumeMode: "Block" }));
  assert.match(block.event?.message ?? "", /block volumes are not supported/);
  assert.ok((block.requeueMs ?? 0) > 0);
});

test("a deleted claim is let go when no pod uses it", () => {
  const going = aClaim(
    {},
    {
      deletionTimestamp: "2026-01-01T00:00:00Z",
      finalizers: ["example.com/mine", "kubernetes.io/pvc-protection"],
    },
  );
  assert.deepEqual(plan(going, true), {});
  assert.deepEqual(plan(going).patch, { metadata: { uid: "u", finalizers: ["example.com/mine"] } });
  assert.deepEqual(plan({ ...going, metadata: { ...going.metadata, finalizers: ["example.com/mine"] } }), {});
});

test("a bound claim has the volume's name, modes and size, and the volume is released with it", () => {
  const [standard] = BUILT_IN_CLASSES;
  assert.ok(standard);
  const resources = { requests: { storage: "3Gi" } };
  const claim = aClaim({ accessModes: ["ReadWriteOnce"], resources });
  const volume = volumeFor(claim, standard, "pvc-u", "/volumes/pvc-u");
  const { object, status } = boundClaim(claim, volume);
  assert.equal(object.spec.volumeName, "pvc-u");
  assert.equal(object.metadata.annotations["volume.kubernetes.io/storage-provisioner"], standard.provisioner);
  assert.deepEqual(status, { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "3Gi" } });
  assert.deepEqual(claimKeysOfVolume(volume), ["ns/c"]);
  assert.deepEqual(
    [isReleased(volume, claim), isReleased(volume, aClaim({}, { uid: "v" })), isReleased(volume, undefined)],
    [false, true, true],
  );
  assert.deepEqual(plan({ ...claim, status: { phase: "Bound" } }), {});
});
