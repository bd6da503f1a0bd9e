import type { PersistentVolumeClaim, Pod } from "../../../kube/builtin.ts";
import type { StorageClass } from "../../../kube/cluster-kinds.ts";
import { judgePod, unschedulableStatus } from "./scheduling.ts";

import assert from "node:assert/strict";
import { test } from "node:test";

const node = { metadata: { name: "n", labels: { "kubernetes.io/os": "linux" } } };
const classes = new Map<string, StorageClass>([
  [
    "standard",
    { metadata: { name: "standard" }, provisioner: "p", volumeBindingMode: "WaitForFirstConsumer" },
  ],
  ["nfs-csi", { metadata: { name: "nfs-csi" }, provisioner: "p", volumeBindingMode: "Immediate" }],
]);
const preemption =
  "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";

function aPod(spec: Partial<Pod["spec"]> = {}): Pod {
  return { metadata: { name: "p", namespace: "ns" }, spec: { containers: [], ...spec } };
}

function usingClaim(): Pod {
  return aPod({ volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] });
}

function aClaim(storageClassName: string, phase: "Pending" | "Bound"): PersistentVolumeClaim {
  return { metadata: { name: "c", namespace: "ns" }, spec: { storageClassName }, status: { phase } };
}

function judge(pod: Pod, claim?: PersistentVolumeClaim) {
  return judgePod(
    pod,
    [node],
    (key) => (key === "ns/c" ? claim : undefined),
    (name) => classes.get(name),
  );
}

const refusals: [name: string, pod: Pod, claim: PersistentVolumeClaim | undefined, message: string][] = [
  [
    "a node selector that no node has",
    aPod({ nodeSelector: { gpu: "yes" } }),
    undefined,
    `0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. ${preemption}`,
  ],
  [
    "a claim that is not there",
    usingClaim(),
    undefined,
    `0/1 nodes are available: persistentvolumeclaim "c" not found. not found`,
  ],
  [
    "an unbound claim of an immediate class",
    usingClaim(),
    aClaim("nfs-csi", "Pending"),
    `0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found`,
  ],
  [
    "a claim whose class does not exist",
    usingClaim(),
    aClaim("nowhere", "Pending"),
    `0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found`,
  ],
];

for (const [name, pod, claim, message] of refusals) {
  test(`unschedulable: ${name}`, () => {
    assert.equal(judge(pod, claim).message, message);
  });
}

test("a matching selector and a bound claim give the node", () => {
  const pod = { ...usingClaim() };
  pod.spec.nodeSelector = { "kubernetes.io/os": "linux" };
  const verdict = judge(pod, aClaim("standard", "Bound"));
  assert.deepEqual([verdict.node, verdict.waitingClaims], [node, []]);
});

test("a claim that waits for its consumer is handed on with the node", () => {
  const claim = aClaim("standard", "Pending");
  assert.deepEqual(judge(usingClaim(), claim).waitingClaims, [claim]);
});

test("a pod that fits nowhere says so once, and since when", () => {
  const first = unschedulableStatus(aPod(), "no room", new Date("2026-01-01T00:00:00Z"));
  assert.equal(first?.conditions?.[0]?.lastTransitionTime, "2026-01-01T00:00:00Z");
  const told: Pod = {
    ...aPod(),
    status: { conditions: [{ type: "Other", status: "True" }, ...(first?.conditions ?? [])] },
  };
  const later = new Date("2026-01-02T00:00:00Z");
  assert.equal(unschedulableStatus(told, "no room", later), undefined);
  assert.deepEqual(
    unschedulableStatus(told, "no node", later)?.conditions?.map(({ type, message, lastTransitionTime }) => [
      type,
      message,
      lastTransitionTime,
    ]),
    [
      ["Other", undefined, undefined],
      ["PodScheduled", "no node", "2026-01-01T00:00:00Z"],
    ],
  );
});
