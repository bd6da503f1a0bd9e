import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinTypes } from "./builtin-resources.ts";
import { decode, DecodeError } from "./decode.ts";

const types = builtinTypes();

function pod(spec: unknown): unknown {
  return { metadata: { name: "p" }, spec };
}

test("zero values disappear, pointers to them stay, and what Go always writes is shown", () => {
  const container = { name: "c", image: "", stdin: false, resources: {}, command: [] };
  const { value } = decode(types, "Pod", pod({ containers: [container], priority: 0, hostNetwork: false }));
  assert.deepEqual(value, {
    metadata: { name: "p" },
    spec: { containers: [{ name: "c", resources: {} }], priority: 0 },
    status: {},
  });
});

test("quantities become canonical, and times whole seconds of UTC", () => {
  const resources = { limits: { cpu: 0.5, memory: "1024Mi" } };
  const spec = { containers: [{ name: "c", resources }] };
  const status = { startTime: "2026-01-01T02:00:00.5+02:00" };
  const { value } = decode(types, "Pod", { metadata: {}, spec, status });
  assert.deepEqual(value["spec"], {
    containers: [{ name: "c", resources: { limits: { cpu: "500m", memory: "1Gi" } } }],
  });
  assert.deepEqual(value["status"], { startTime: "2026-01-01T00:00:00Z" });
});

test("unknown fields are dropped and named with their place", () => {
  const { value, unknown } = decode(types, "Pod", pod({ containers: [{ name: "c", imge: "x" }], foo: 1 }));
  assert.deepEqual(unknown, ["spec.containers[0].imge", "spec.foo"]);
  assert.deepEqual(value["spec"], { containers: [{ name: "c", resources: {} }] });
});

const refusals: readonly [name: string, type: string, document: unknown, message: string][] = [
  [
    "a number for a string, deep inside",
    "Pod",
    pod({ containers: [{ name: "c", env: [{ name: "A", value: 5 }] }] }),
    "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
  ],
  [
    "a string for a number",
    "Deployment",
    { spec: { replicas: "3" } },
    "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  [
    "an object for a list",
    "Pod",
    pod({ containers: {} }),
    "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
  ],
  [
    "a number that is too large",
    "Deployment",
    { spec: { replicas: 3_000_000_000 } },
    "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  ["text that is no base64", "Secret", { data: { x: "not base64!" } }, "illegal base64 data at input byte 3"],
  [
    "text that is no time",
    "Lease",
    { spec: { renewTime: "soon" } },
    'parsing time "soon" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "soon" as "2006"',
  ],
];

for (const [name, type, document, message] of refusals) {
  test(`${name} is refused in Go's words`, () => {
    assert.throws(
      () => decode(types, type, document),
      (error) => error instanceof DecodeError && error.message === message,
    );
  });
}

test("a key named __proto__ is an ordinary key of a map", () => {
  const document = JSON.parse('{"data": {"__proto__": "x"}}') as unknown;
  const { value } = decode(types, "ConfigMap", document);
  assert.deepEqual(Object.entries(value["data"] as object), [["__proto__", "x"]]);
});
