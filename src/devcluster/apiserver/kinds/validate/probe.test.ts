import assert from "node:assert/strict";
import { test } from "node:test";
import type { MutableObject } from "../../answers/json-object.ts";
import { builtinTypes } from "../builtin-resources.ts";
import { decode } from "../decode.ts";
import { defaultPod } from "../defaults.ts";
import { validateProbes } from "./probe.ts";

const CASES: readonly [what: string, container: MutableObject, isInit: boolean, errors: string[]][] = [
  ["a probe", { livenessProbe: { exec: { command: ["true"] } } }, false, []],
  [
    "a probe that does nothing",
    { livenessProbe: { periodSeconds: 1 } },
    false,
    ["at.livenessProbe: Required value: must specify a handler type"],
  ],
  [
    "two actions at once",
    { lifecycle: { preStop: { exec: { command: ["true"] }, sleep: { seconds: 1 } } } },
    false,
    ["at.lifecycle.preStop.sleep: Forbidden: may not specify more than 1 handler type"],
  ],
  ["no command", { readinessProbe: { exec: {} } }, false, ["at.readinessProbe.exec.command: Required value"]],
  [
    "a port that is none",
    { readinessProbe: { httpGet: { port: 0, scheme: "HTTP" } } },
    false,
    ["at.readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"],
  ],
  [
    "several successes of what must live",
    { livenessProbe: { tcpSocket: { port: "web" }, successThreshold: 2 } },
    false,
    ["at.livenessProbe.successThreshold: Invalid value: 2: must be 1"],
  ],
  [
    "a grace period of a probe that ends nothing",
    { readinessProbe: { grpc: { port: 1 }, terminationGracePeriodSeconds: 1 } },
    false,
    [
      "at.readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes",
    ],
  ],
  [
    "a hook of an init container",
    { lifecycle: {} },
    true,
    ["at.lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always"],
  ],
];

for (const [what, container, isInit, errors] of CASES) {
  test(`${what} is ${errors.length === 0 ? "accepted" : "refused"}`, () => {
    const found = validateProbes(container, "at", { isInit, grace: 30 });
    assert.deepEqual(
      found.map(({ field, message }) => `${field}: ${message}`),
      errors,
    );
  });
}

test("a probe has the server's defaults, and what it does not know is named", () => {
  const container = { name: "c", livenessProbe: { httpGet: { port: "web" }, periodSecond: 5 } };
  const spec = { containers: [container], volumes: [{ name: "v", projected: { sources: [] } }] };
  const { value, unknown } = decode(builtinTypes(), "Pod", { metadata: { name: "p" }, spec });
  assert.deepEqual(unknown, ["spec.containers[0].livenessProbe.periodSecond"]);
  defaultPod(value);
  const [defaulted] = (value["spec"] as { containers: MutableObject[] }).containers;
  assert.deepEqual(defaulted?.["livenessProbe"], {
    httpGet: { port: "web", path: "/", scheme: "HTTP" },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  const [volume] = (value["spec"] as { volumes: MutableObject[] }).volumes;
  assert.deepEqual(volume?.["projected"], { sources: [], defaultMode: 0o644 });
});
