import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../../api/agent-run.ts";
import { ANNOTATION_CANCEL, ANNOTATION_CLEANUP, ANNOTATION_USER } from "../../api/labels.ts";
import { nameForRetry, retried } from "./retried.ts";

describe("retried", () => {
  it("keeps what was asked for, and nothing that was about that one run", () => {
    const before: AgentRun = {
      metadata: {
        name: "fix",
        namespace: "team",
        uid: "1",
        resourceVersion: "2",
        ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "x", uid: "3" }],
        labels: { team: "a" },
        annotations: {
          note: "kept",
          [ANNOTATION_CANCEL]: "true",
          [ANNOTATION_CLEANUP]: "Force",
          [ANNOTATION_USER]: "somebody",
          "kubectl.kubernetes.io/last-applied-configuration": "{}",
        },
      },
      spec: { prompt: "Fix it" },
      status: { phase: "Failed", observedGeneration: 1 },
    };
    assert.deepEqual(retried(before, { name: "fix-2", user: "me" }), {
      metadata: {
        name: "fix-2",
        namespace: "team",
        labels: { team: "a" },
        annotations: { note: "kept", [ANNOTATION_USER]: "me" },
      },
      spec: { prompt: "Fix it" },
    });
  });
});

describe("nameForRetry", () => {
  const retries: [name: string, taken: string[], next: string][] = [
    ["fix", [], "fix-2"],
    ["fix-2", [], "fix-3"],
    ["fix", ["fix-2", "fix-3"], "fix-4"],
    ["fix-1", [], "fix-1-2"],
    ["a".repeat(63), [], `${"a".repeat(61)}-2`],
  ];
  for (const [name, taken, next] of retries)
    it(`makes ${next.slice(-8)} of ${name.slice(-8)}`, () =>
      assert.equal(
        nameForRetry(name, (each) => taken.includes(each)),
        next,
      ));
});
