import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResolvedCache } from "../resolved-run.ts";
import { cacheClaims, withCaches } from "./caches.ts";

const npm: ResolvedCache = {
  name: "npm",
  mountPath: "/home/agent/.npm",
  accessMode: "ReadWriteOnce",
  storage: { className: "fast", size: "5Gi" },
};
const maven: ResolvedCache = { ...npm, name: "maven", accessMode: "ReadWriteMany", storage: { size: "1Gi" } };

test("the claim of a cache belongs to no run", () => {
  const [child] = cacheClaims("team", [npm]);
  assert.equal(child?.object.metadata.name, "cache-npm");
  assert.equal(child.object.metadata.ownerReferences, undefined);
  assert.deepEqual(child.sharedBy, { label: "agent.xonovex.com/cache", value: "npm" });
  assert.equal(child.object.metadata.labels?.["agent.xonovex.com/cache"], "npm");
});

test("pods that use a cache say so, and those that one node alone can have are brought together", () => {
  const pod = {
    labels: { team: "a" },
    affinity: {
      nodeAffinity: {},
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone" }] },
    },
  };
  assert.deepEqual(withCaches(pod, [npm, maven]), {
    labels: {
      team: "a",
      "agent.xonovex.com/cache-npm": "true",
      "agent.xonovex.com/cache-maven": "true",
    },
    affinity: {
      nodeAffinity: {},
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: "zone" },
          {
            labelSelector: { matchLabels: { "agent.xonovex.com/cache-npm": "true" } },
            topologyKey: "kubernetes.io/hostname",
          },
        ],
      },
    },
  });
  assert.equal(withCaches({}, [maven]).affinity, undefined);
  assert.equal(withCaches(pod, []), pod);
});
