import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolumeClaim, Pod } from "../../kube/builtin.ts";
import { startProblemOf } from "./start-up.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.";

function pendingPod(message: string): Pod {
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message } as const;
  return {
    metadata: { name: "p", creationTimestamp: "2026-01-01T00:09:00Z" },
    spec: { containers: [] },
    status: { phase: "Pending", conditions: [condition] },
  };
}

const claim: PersistentVolumeClaim = {
  metadata: { name: "ws-ws", creationTimestamp: "2026-01-01T00:08:59Z" },
  spec: { storageClassName: "standard", accessModes: ["ReadWriteMany"], resources: {} },
  status: { phase: "Pending" },
};

const defaults = {
  gitImage: "git:1",
  agentImage: "agent:1",
  operatorImage: "operator:1",
  imagePullTimeoutSeconds: 300,
};

test("a pod that waits for its claim shows the claim's own trouble, else what it is and since when it waits", () => {
  const pod = pendingPod(UNBOUND);
  const warned = startProblemOf({
    pod,
    claim,
    warning: "ProvisioningFailed: no such class",
    defaults,
    now: NOW,
  });
  assert.deepEqual(warned, {
    reason: "ClaimPending",
    message: "claim ws-ws (class standard, ReadWriteMany): ProvisioningFailed: no such class",
  });
  assert.deepEqual(startProblemOf({ pod, claim, defaults, now: NOW }), {
    reason: "ClaimPending",
    message: "claim ws-ws (class standard, ReadWriteMany) has waited for a volume since 2026-01-01T00:08:59Z",
  });
});

test("a claim that waits for its first consumer is not blamed for a pod that no node takes", () => {
  const pod = pendingPod("0/1 nodes are available: 1 Insufficient memory.");
  assert.deepEqual(startProblemOf({ pod, claim, defaults, now: NOW }), {
    reason: "Unschedulable",
    message: "0/1 nodes are available: 1 Insufficient memory.",
  });
});
