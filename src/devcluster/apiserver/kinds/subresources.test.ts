import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StatusError } from "../answers/status-error.ts";
import { builtinResources, builtinTypes } from "./builtin-resources.ts";
import { bindPod, finalizeNamespace, findSubresource } from "./subresources.ts";

const now = new Date("2026-01-02T03:04:05Z");
const pods = builtinResources(builtinTypes()).find(({ plural }) => plural === "pods");

describe("findSubresource", () => {
  const refusalOf = (name: string, verb: string): number | undefined => {
    try {
      if (pods !== undefined) findSubresource(pods, name, verb);
      return undefined;
    } catch (error) {
      return error instanceof StatusError ? error.code : undefined;
    }
  };

  it("refuses what is not served, what is not known and what does not answer the verb", () => {
    assert.equal(refusalOf("log", "get"), undefined);
    assert.equal(refusalOf("portforward", "create"), 501);
    assert.equal(refusalOf("nonsense", "get"), 404);
    assert.equal(refusalOf("log", "create"), 405);
  });
});

describe("bindPod", () => {
  const binding = { target: { kind: "Node", name: "here" } };
  const pod = {
    metadata: { name: "p" },
    spec: { containers: [] },
    status: { conditions: [{ type: "PodScheduled", status: "False" }, { type: "Ready" }] },
  };

  it("puts a pod on a node and says since when it is scheduled", () => {
    const bound = bindPod(pod, binding, now) as typeof pod & { spec: { nodeName: string } };
    assert.equal(bound.spec.nodeName, "here");
    assert.deepEqual(bound.status.conditions, [
      { type: "Ready" },
      {
        type: "PodScheduled",
        status: "True",
        lastProbeTime: null,
        lastTransitionTime: "2026-01-02T03:04:05Z",
      },
    ]);
  });

  it("leaves a pod where it is", () => {
    assert.throws(
      () => bindPod(bindPod(pod, binding, now), binding, now),
      /Operation cannot be fulfilled on pods\/binding "p": pod p is already assigned to node "here"/,
    );
  });
});

describe("finalizeNamespace", () => {
  it("changes nothing but the finalizers of the spec", () => {
    const namespace = {
      metadata: { name: "n", labels: { a: "b" }, resourceVersion: "7" },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Terminating" },
    };
    const body = { metadata: { name: "n", resourceVersion: "6" }, spec: {}, status: { phase: "Active" } };
    assert.deepEqual(finalizeNamespace(namespace, body), {
      ...namespace,
      metadata: { ...namespace.metadata, resourceVersion: "6" },
      spec: {},
    });
  });
});
