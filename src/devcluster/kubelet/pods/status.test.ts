import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, ContainerState, Pod } from "../../../kube/builtin.ts";
import { initialRecords } from "./records.ts";
import { deadlineLeftMs, ENDINGS, fieldPathOf, podPhase, podStatus, type PodFacts } from "./status.ts";

const facts: PodFacts = {
  startTime: "t0",
  podIP: "127.0.0.1",
  hostIP: "127.0.0.1",
  isSettled: true,
  ending: undefined,
};
const waiting: ContainerState = { waiting: {} };
const running: ContainerState = { running: {} };
const startError: ContainerState = { terminated: { exitCode: 128, reason: "StartError" } };
const exited = (exitCode: number): ContainerState => ({ terminated: { exitCode } });

function aPod(spec: Partial<Pod["spec"]> = {}): Pod {
  return { metadata: { name: "p" }, spec: { containers: [{ name: "c" }], ...spec } };
}

/** The pod's containers, init containers first, each in one of these states. */
function recordsOf(pod: Pod, ...states: ContainerState[]) {
  return initialRecords(pod, "t1").map((record, index) => ({
    ...record,
    state: states[index] ?? record.state,
  }));
}

const init: Container = { name: "i" };
const PHASES: readonly [
  what: string,
  policy: string,
  states: [init: ContainerState, main: ContainerState],
  phase: string,
][] = [
  ["an init container at work", "Never", [running, waiting], "Pending"],
  ["a failed init container", "Never", [exited(1), waiting], "Failed"],
  ["a failed init container that is tried again", "OnFailure", [exited(1), waiting], "Pending"],
  ["a container that is to start", "Never", [exited(0), waiting], "Pending"],
  ["a container at work", "Never", [exited(0), running], "Running"],
  ["a container that succeeded", "OnFailure", [exited(0), exited(0)], "Succeeded"],
  ["a container that failed", "Never", [exited(0), exited(2)], "Failed"],
  ["a container that failed and is tried again", "OnFailure", [exited(0), exited(2)], "Running"],
  ["a container that always runs", "Always", [exited(0), exited(0)], "Running"],
];

for (const [what, policy, states, phase] of PHASES) {
  test(`with ${what} under ${policy} a pod is ${phase}`, () => {
    assert.equal(podPhase(recordsOf(aPod({ initContainers: [init] }), ...states), policy, facts), phase);
  });
}

test("a pod that is ended as a whole is not ready at once, and fails, with why, when its last container has ended", () => {
  const pod = aPod({ restartPolicy: "Never" });
  const ending = { ...facts, ending: ENDINGS.deadline };
  const early = podStatus(pod, recordsOf(pod, running), ending, "t2");
  const ready = early.conditions?.find(({ type }) => type === "Ready");
  assert.deepEqual([early.phase, early.reason, ready?.reason], ["Running", undefined, "PodFailed"]);
  const late = podStatus(pod, recordsOf(pod, exited(0)), ending, "t2");
  assert.deepEqual([late.phase, late.reason], ["Failed", "DeadlineExceeded"]);
});

test("a pod that is deleted before a container was made fails; once it is initialized, that one ends as unknown", () => {
  const pod = aPod({ restartPolicy: "Never", initContainers: [init] });
  const deleted = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "t1" } };
  const ended = podStatus(deleted, recordsOf(pod, exited(0), waiting), facts, "t2");
  const { exitCode, reason } = ended.containerStatuses?.[0]?.state?.terminated ?? {};
  assert.deepEqual([ended.phase, exitCode, reason], ["Failed", 137, "ContainerStatusUnknown"]);
  const early = podStatus(deleted, recordsOf(pod, waiting, waiting), facts, "t2");
  assert.deepEqual([early.phase, early.containerStatuses?.[0]?.state], ["Failed", waiting]);
  const going = podStatus(deleted, recordsOf(pod, running, waiting), facts, "t2");
  assert.equal(going.phase, "Pending");
});

const HELD: [what: string, states: ContainerState[], phase: string][] = [
  ["that ended", [exited(0), exited(0)], "Running"],
  ["whose init container failed", [exited(1), waiting], "Pending"],
  ["whose program could not start", [exited(0), startError], "Pending"],
];

for (const [what, states, phase] of HELD) {
  test(`a pod ${what} keeps its phase, not ready for the reason of its end, until all is torn down`, () => {
    const pod = aPod({ restartPolicy: "Never", initContainers: [init] });
    const open = { ...facts, isSettled: false };
    const status = podStatus(pod, recordsOf(pod, ...states), open, "t2");
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    const reason = podStatus(pod, recordsOf(pod, ...states), facts, "t2").conditions?.find(
      ({ type }) => type === "Ready",
    )?.reason;
    assert.deepEqual([status.phase, ready?.status, ready?.reason], [phase, "False", reason]);
  });
}

test("a container is ready and started as its probes say, and only while it runs", () => {
  const pod = aPod();
  const health = { started: true, ready: false };
  const unready = recordsOf(pod, running).map((record) => ({ ...record, health }));
  const { containerStatuses, conditions } = podStatus(pod, unready, facts, "t2");
  assert.deepEqual(
    containerStatuses?.map(({ ready, started }) => [ready, started]),
    [[false, true]],
  );
  const ready = conditions?.find(({ type }) => type === "Ready");
  assert.deepEqual([ready?.status, ready?.message], ["False", "containers with unready status: [c]"]);
  const ended = recordsOf(pod, exited(0)).map((record) => ({
    ...record,
    health: { started: true, ready: true },
  }));
  assert.deepEqual(podStatus(pod, ended, facts, "t2").containerStatuses?.[0]?.ready, false);
});

test("conditions of others stay, and the time of one moves only with its status", () => {
  const first = podStatus(aPod(), recordsOf(aPod(), waiting), facts, "t1");
  const others = [{ type: "PodScheduled", status: "True" } as const];
  const known: Pod = {
    ...aPod(),
    status: { ...first, conditions: [...(first.conditions ?? []), ...others] },
  };
  const records = recordsOf(known, running).map((record) => ({
    ...record,
    health: { started: true, ready: true },
  }));
  const times = Object.fromEntries(
    (podStatus(known, records, facts, "t2").conditions ?? []).map((one) => [
      one.type,
      one.lastTransitionTime,
    ]),
  );
  assert.deepEqual([times["Initialized"], times["Ready"]], ["t1", "t2"]);
  assert.ok("PodScheduled" in times);
});

test("a container is named by its place, and a deadline counts from the start", () => {
  const pod = aPod({ initContainers: [init], activeDeadlineSeconds: 10 });
  assert.deepEqual(recordsOf(pod).map(fieldPathOf), ["spec.initContainers{i}", "spec.containers{c}"]);
  assert.deepEqual([deadlineLeftMs(pod, 1000, 4000), deadlineLeftMs(aPod(), 1000, 4000)], [7000, undefined]);
});
