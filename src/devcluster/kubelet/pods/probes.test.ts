import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod } from "../../../kube/builtin.ts";
import {
  initialHealth,
  nextRun,
  portOf,
  probeTimes,
  runsCommandsBeside,
  unsupportedParts,
  verdictOf,
  type ProbeRun,
} from "./probes.ts";

const container: Container = { name: "c", ports: [{ name: "web", containerPort: 80 }] };

test("a container without probes is started and ready as soon as it runs", () => {
  assert.deepEqual(initialHealth(container), { started: true, ready: true });
  assert.deepEqual(initialHealth({ ...container, readinessProbe: {} }), { started: true, ready: false });
  assert.deepEqual(initialHealth({ ...container, startupProbe: {} }), { started: false, ready: false });
});

test("results count in a row, and the last one that reached its threshold holds", () => {
  const probe = { successThreshold: 2, failureThreshold: 3 };
  let run: ProbeRun | undefined;
  const verdicts = [true, true, false, false, true, false, false, false].map((succeeded) => {
    run = nextRun(run, succeeded);
    return verdictOf(probe, run);
  });
  const open = undefined;
  assert.deepEqual(verdicts, [open, true, open, open, open, open, open, false]);
});

test("times have the server's defaults", () => {
  assert.deepEqual(probeTimes({}), { delayMs: 0, periodMs: 10_000, timeoutMs: 1000 });
});

test("a port is a number or the name of one", () => {
  assert.deepEqual(
    [portOf(container, 8080), portOf(container, "8080"), portOf(container, "web")],
    [8080, 8080, 80],
  );
  assert.throws(() => portOf(container, "api"), { message: "couldn't find port: api" });
});

test("only commands need a second shell in the container", () => {
  const probed = (exec?: { command: string[] }): Container => ({
    ...container,
    livenessProbe: exec === undefined ? { httpGet: { port: 80 } } : { exec },
  });
  assert.deepEqual(
    [runsCommandsBeside(probed()), runsCommandsBeside(probed({ command: ["true"] }))],
    [false, true],
  );
});

test("what is not supported is named by its path", () => {
  const pod: Pod = {
    metadata: { name: "p" },
    spec: {
      containers: [
        container,
        { name: "d", lifecycle: { stopSignal: "SIGUSR1" }, readinessProbe: { grpc: { port: 1 } } },
      ],
    },
  };
  assert.deepEqual(unsupportedParts(pod), [
    "spec.containers[1]: gRPC probes",
    "spec.containers[1].lifecycle.stopSignal",
  ]);
});
