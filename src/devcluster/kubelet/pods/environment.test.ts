import type { Container, Pod } from "../../../kube/builtin.ts";
import { containerUser } from "./container-user.ts";
import { buildArguments, buildEnvironment, namedSources, type ValueSources } from "./environment.ts";

import assert from "node:assert/strict";
import { test } from "node:test";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const sources: ValueSources = {
  secrets: new Map([["s", { token: bytes("t$(A)"), other: bytes("o") }]]),
  configMaps: new Map([["m", { key: bytes("k") }]]),
  podIP: "127.0.0.1",
  hostIP: "127.0.0.1",
  nodeName: "n",
  allocatable: { cpu: "2", memory: "4Gi" },
};

function aPod(container: Omit<Container, "name">, spec: Partial<Pod["spec"]> = {}): Pod {
  return {
    metadata: { name: "p", namespace: "ns", uid: "u", labels: { app: "x" }, annotations: {} },
    spec: { containers: [{ name: "c", ...container }], ...spec },
  };
}

function environmentOf(container: Omit<Container, "name">) {
  const pod = aPod(container);
  const [first] = pod.spec.containers;
  assert.ok(first);
  return buildEnvironment(pod, first, { BASE: "b", PATH: "/bin" }, sources);
}

test("literal values are expanded with what came before, values from elsewhere never", () => {
  const env = environmentOf({
    envFrom: [{ prefix: "P_", secretRef: { name: "s" } }],
    env: [
      { name: "A", value: "1" },
      { name: "B", value: "$(A) $(LATER) $(BASE) $(P_other) $$(A)" },
      { name: "LATER", value: "2" },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "token" } } },
    ],
  });
  assert.equal(env["B"], "1 $(LATER) b o $(A)");
  assert.equal(env["TOKEN"], "t$(A)");
  assert.equal(env["P_token"], "t$(A)");
});

test("fields, resources and optional references", () => {
  const env = environmentOf({
    resources: { limits: { memory: "1Gi" } },
    env: [
      { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "APP", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
      { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
      { name: "GONE", valueFrom: { secretKeyRef: { name: "none", key: "k", optional: true } } },
    ],
  });
  assert.deepEqual(
    [env["NAME"], env["APP"], env["MEMORY"], env["CPU"], env["GONE"]],
    ["p", "x", "1024", "2", undefined],
  );
});

const missing: [ref: object, message: string][] = [
  [{ secretKeyRef: { name: "none", key: "k" } }, 'secret "none" not found'],
  [{ secretKeyRef: { name: "s", key: "k" } }, "couldn't find key k in Secret ns/s"],
  [{ configMapKeyRef: { name: "none", key: "k" } }, 'configmap "none" not found'],
  [{ configMapKeyRef: { name: "m", key: "k" } }, "couldn't find key k in ConfigMap ns/m"],
];
for (const [valueFrom, message] of missing) {
  test(`refused: ${message}`, () => {
    assert.throws(() => environmentOf({ env: [{ name: "X", valueFrom }] }), {
      name: "ContainerConfigError",
      message,
    });
  });
}

test("command and arguments are expanded with the whole environment", () => {
  const container = { name: "c", command: ["sh", "-c"], args: ["echo $(A) $$HOME $(NO)"] };
  assert.deepEqual(buildArguments(container, { A: "1" }), ["sh", "-c", "echo 1 $HOME $(NO)"]);
});

test("a container's own user comes before its pod's; fsGroup is one more group", () => {
  const pod = aPod(
    { securityContext: { runAsUser: 2000, capabilities: { drop: ["ALL"] } } },
    { securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1001, supplementalGroups: [5] } },
  );
  const [container] = pod.spec.containers;
  assert.ok(container);
  assert.deepEqual(containerUser(pod, container), {
    uid: 2000,
    gid: 1000,
    supplementalGroups: [5, 1001],
    allowPrivilegeEscalation: true,
    capabilities: [],
  });
});

for (const [runAsUser, message] of [
  [undefined, 'container has runAsNonRoot and image will run as root (pod: "p_ns(u)", container: c)'],
  [0, `container's runAsUser breaks non-root policy (pod: "p_ns(u)", container: c)`],
] as const) {
  test(`runAsNonRoot refuses runAsUser ${runAsUser}`, () => {
    const pod = aPod({
      securityContext: { runAsNonRoot: true, ...(runAsUser !== undefined && { runAsUser }) },
    });
    const [container] = pod.spec.containers;
    assert.ok(container);
    assert.throws(() => containerUser(pod, container), { message });
  });
}

test("the objects that an environment is made from, each once", () => {
  const ref = { name: "s", key: "k" };
  assert.deepEqual(
    namedSources({
      name: "c",
      envFrom: [{ configMapRef: { name: "m" } }, { secretRef: { name: "other" } }],
      env: [
        { name: "A", valueFrom: { secretKeyRef: ref } },
        { name: "B", valueFrom: { secretKeyRef: ref } },
        { name: "C", value: "c" },
      ],
    }),
    { secrets: ["other", "s"], configMaps: ["m"] },
  );
});
