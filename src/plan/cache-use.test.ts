import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolumeClaim, Pod } from "../kube/builtin.ts";
import { cachesOf } from "./cache-use.ts";
import { cacheClaims } from "./specs/caches.ts";

function aClaim(name: string, capacity?: string): PersistentVolumeClaim {
  const storage = { size: "1Gi" };
  const [child] = cacheClaims("team", [{ name, mountPath: "/c", accessMode: "ReadWriteOnce", storage }]);
  const claim = child?.object as PersistentVolumeClaim;
  const metadata = { ...claim.metadata, creationTimestamp: "2026-01-01T09:00:30Z" };
  return { ...claim, metadata, ...(capacity && { status: { capacity: { storage: capacity } } }) };
}

function aPod(caches: string[], startTime?: string, finishedAt?: string): Pod {
  const labels = Object.fromEntries(caches.map((name) => [`agent.xonovex.com/cache-${name}`, "true"]));
  const container = { name: "agent", ready: false, restartCount: 0, image: "a", imageID: "a" };
  const ended = { ...container, state: { terminated: { exitCode: 0, finishedAt } } };
  return {
    metadata: { name: "p", namespace: "team", labels },
    spec: { containers: [] },
    status: { startTime, containerStatuses: finishedAt ? [ended] : [] },
  };
}

test("a cache is as large as its volume, and last used when a pod last started or ended", () => {
  const pods = [
    aPod(["npm"], "2026-01-01T10:00:01Z", "2026-01-01T10:05:59Z"),
    aPod(["npm", "pip"], "2026-01-01T10:03:00Z"),
    aPod(["gone"], "2026-01-01T10:03:00Z"),
    aPod([], "2026-01-01T11:00:00Z"),
  ];
  assert.deepEqual(cachesOf([aClaim("pip"), aClaim("npm", "2Gi"), aClaim("unused")], pods), [
    { name: "npm", size: "2Gi", lastUsed: "2026-01-01T10:05:00Z" },
    { name: "pip", size: "1Gi", lastUsed: "2026-01-01T10:03:00Z" },
    { name: "unused", size: "1Gi" },
  ]);
});

test("what is known stays when the pods are gone, but not beyond the claim", () => {
  const known = [{ name: "npm", size: "1Gi", lastUsed: "2026-01-01T10:05:00Z" }];
  assert.deepEqual(cachesOf([aClaim("npm")], [], known), known);
  assert.deepEqual(cachesOf([], [], known), []);
  const cleared = [{ name: "npm", size: "1Gi", lastUsed: "2026-01-01T08:00:00Z" }];
  assert.deepEqual(cachesOf([aClaim("npm")], [], cleared), [{ name: "npm", size: "1Gi" }]);
});

test("a pod that waits has not used it yet", () => {
  assert.deepEqual(cachesOf([aClaim("npm")], [aPod(["npm"])]), [{ name: "npm", size: "1Gi" }]);
});
