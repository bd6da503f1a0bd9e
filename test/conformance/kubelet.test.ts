import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { startDevCluster, type DevCluster } from "../../src/devcluster/cluster.ts";
import { differenceOf } from "../support/node-steps.ts";
import { replay } from "../support/node-replay.ts";
import { readRecording, recordedScenarios } from "../support/recordings.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** Why the embedded cluster does not play these scenarios. */
const NO_IMAGES = "it pulls no images";
const ONE_NODE = "its only node is the process that serves the API: neither is lost without the other";
const LEFT_OUT: Record<string, string> = {
  "image-missing-deadline": NO_IMAGES,
  "image-missing-init": NO_IMAGES,
  "image-missing-main": NO_IMAGES,
  "image-name-invalid": NO_IMAGES,
  "image-never": NO_IMAGES,
  "apiserver-restarted": ONE_NODE,
  "containerd-restarted": ONE_NODE,
  "kubelet-down-at-end": ONE_NODE,
  "kubelet-restarted": ONE_NODE,
  "node-not-ready": ONE_NODE,
  "node-not-ready-alone": ONE_NODE,
  "node-not-ready-alone-kept": ONE_NODE,
  "node-not-ready-comes-back": ONE_NODE,
  drain: "its scheduler and controllers know no taints",
  "taint-no-execute": "its scheduler and controllers know no taints",
  preempted: "its node has room for every pod",
  "emptydir-over-limit": "it does not measure volumes",
  "evicted-budget": "disruption budgets hold nothing back",
  "quota-refuses": "resource quotas are not served",
  "limitrange-refuses": "limit ranges are not served",
  "limitrange-defaults": "limit ranges are not served",
  "claim-wait-for-first-consumer": "the recorder made the volume, which the embedded cluster does itself",
  "native-sidecar-crashes": "how often it is restarted meanwhile depends on the speed of this machine",
  "namespace-deleted": "its namespace controller does not wait 5 s, so the Job goes before it has failed",
  "namespace-deleted-ignores": "as namespace-deleted",
  "log-30mb": "it keeps a log whole",
  "message-from-log": "it keeps stdout and stderr in the order of writing",
};

describe("the embedded node", { concurrency: 8 }, () => {
  const stack = new AsyncDisposableStack();
  let cluster: DevCluster;
  before(async () => {
    const directory = stack.use(await temporaryDirectory());
    cluster = await startDevCluster({ dataDir: join(directory.path, "cluster"), stopGraceSeconds: 0 });
    stack.defer(() => cluster.stop());
  });
  after(() => stack.disposeAsync());
  for (const scenario of recordedScenarios()) {
    const skip = LEFT_OUT[scenario] ?? false;
    it(`shows what a real one showed: ${scenario}`, { timeout: 90_000, skip }, async () => {
      const recording = readRecording(scenario);
      const client = createClient(cluster.transport);
      const { recorded, seen } = await replay(client, cluster.transport, recording);
      assert.equal(differenceOf(seen, recorded), undefined, recording.what);
    });
  }
});
