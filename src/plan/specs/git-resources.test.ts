import assert from "node:assert/strict";
import { test } from "node:test";
import { gitResources } from "./git-resources.ts";

test("git containers have every request and limit that a quota can ask for", () => {
  assert.deepEqual(gitResources(), {
    requests: { cpu: "100m", memory: "128Mi" },
    limits: { cpu: "2", memory: "1Gi" },
  });
});

test("each amount is of the first that sets it", () => {
  const config = { limits: { memory: "2Gi" } };
  const flag = { requests: { cpu: "50m" }, limits: { memory: "4Gi", "ephemeral-storage": "1Gi" } };
  assert.deepEqual(gitResources(config, flag), {
    requests: { cpu: "50m", memory: "128Mi" },
    limits: { cpu: "2", memory: "2Gi", "ephemeral-storage": "1Gi" },
  });
});

test("what is built in gives way to a lower limit and a higher request", () => {
  assert.deepEqual(gitResources({ limits: { memory: "64Mi", cpu: "50m" } }), {
    requests: { cpu: "50m", memory: "64Mi" },
    limits: { cpu: "50m", memory: "64Mi" },
  });
  assert.equal(gitResources({ requests: { memory: "3Gi" } }).limits["memory"], "3Gi");
});
