import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod } from "../../../kube/builtin.ts";
import { initialRecords } from "./records.ts";
import { crashLoopState, isRestarted, nextPauseMs, RESTART_BACKOFF, restartPolicyOf } from "./restarts.ts";

const init: Container = { name: "i" };
const main: Container = { name: "c" };

function aPod(restartPolicy?: Pod["spec"]["restartPolicy"]): Pod {
  return {
    metadata: { name: "p", namespace: "ns", uid: "u" },
    spec: { initContainers: [init], containers: [main], ...(restartPolicy && { restartPolicy }) },
  };
}

for (const [policy, ofInit, ofMain] of [
  [undefined, "OnFailure", "Always"],
  ["Always", "OnFailure", "Always"],
  ["OnFailure", "OnFailure", "OnFailure"],
  ["Never", "Never", "Never"],
] as const) {
  test(`under ${policy ?? "no"} policy an init container has ${ofInit}, another ${ofMain}`, () => {
    const pod = aPod(policy);
    assert.deepEqual(
      initialRecords(pod, "").map((record) => restartPolicyOf(pod, record)),
      [ofInit, ofMain],
    );
  });
}

test("who is restarted after which exit", () => {
  const policies = ["Always", "OnFailure", "Never"];
  assert.deepEqual(
    policies.map((policy) => [isRestarted(policy, 0), isRestarted(policy, 1)]),
    [
      [true, true],
      [false, true],
      [false, false],
    ],
  );
});

test("pauses double up to the longest, and the state says how long this one is", () => {
  const pauses: number[] = [];
  for (let ms: number | undefined; pauses.length < 7;) pauses.push((ms = nextPauseMs(RESTART_BACKOFF, ms)));
  assert.deepEqual(
    pauses.map((ms) => ms / 1000),
    [10, 20, 40, 80, 160, 300, 300],
  );
  assert.deepEqual(crashLoopState(aPod(), main, 20_000).waiting, {
    reason: "CrashLoopBackOff",
    message: "back-off 20s restarting failed container=c pod=p_ns(u)",
  });
});
