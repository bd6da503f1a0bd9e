import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, Volume } from "../../../kube/builtin.ts";
import type { ValueSources } from "./environment.ts";
import { configMapData, hasMadeFiles, secretData, volumeFiles, volumeSourceNames } from "./volume-files.ts";

const sources: ValueSources = {
  secrets: new Map([
    ["s", secretData({ metadata: {}, data: { a: "AP8=", b: "Yg==" } })],
    ["none", undefined],
  ]),
  configMaps: new Map([["m", configMapData({ metadata: {}, data: { t: "é" }, binaryData: { b: "/w==" } })]]),
  podIP: "127.0.0.1",
  hostIP: "127.0.0.1",
  nodeName: "n",
  allocatable: {},
};
const pod: Pod = {
  metadata: { name: "p", namespace: "ns", labels: { b: 'x"y', a: "1" } },
  spec: { containers: [{ name: "c", resources: { limits: { memory: "64Mi" } } }] },
};

function filesOf(volume: Omit<Volume, "name">): [path: string, mode: number, content: unknown][] {
  return volumeFiles(pod, { name: "v", ...volume }, sources).map(({ path, mode, content }) => [
    path,
    mode,
    content instanceof Uint8Array ? Buffer.from(content).toString("latin1") : content,
  ]);
}

test("a Secret's keys are files, byte for byte", () => {
  assert.deepEqual(filesOf({ secret: { secretName: "s" } }), [
    ["a", 0o644, "\u0000\u00ff"],
    ["b", 0o644, "b"],
  ]);
});

test("items choose keys, paths and modes", () => {
  const items = [
    { key: "b", path: "deep/b", mode: 0o400 },
    { key: "t", path: "t" },
  ];
  assert.deepEqual(filesOf({ configMap: { name: "m", items, defaultMode: 0o600 } }), [
    ["deep/b", 0o400, "\u00ff"],
    ["t", 0o600, "\u00c3\u00a9"],
  ]);
});

test("what is missing is said in the kubelet's words, unless it is optional", () => {
  const items = [{ key: "z", path: "z" }];
  assert.throws(() => filesOf({ secret: { secretName: "none" } }), { message: 'secret "none" not found' });
  assert.throws(() => filesOf({ secret: { secretName: "s", items } }), {
    message: "references non-existent secret key: z in ns/s",
  });
  assert.throws(() => filesOf({ configMap: { name: "m", items } }), {
    message: "references non-existent config key: z in ns/m",
  });
  assert.deepEqual(filesOf({ secret: { secretName: "none", optional: true } }), []);
  assert.deepEqual(filesOf({ secret: { secretName: "s", items, optional: true } }), []);
});

test("a projected volume has the files of all its sources", () => {
  const token = { path: "token", audience: "me", expirationSeconds: 600 };
  const resourceFieldRef = { containerName: "c", resource: "limits.memory", divisor: "1Mi" };
  const projected = {
    defaultMode: 0o440,
    sources: [
      { secret: { name: "s", items: [{ key: "b", path: "b" }] } },
      {
        downwardAPI: {
          items: [
            { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
            { path: "memory", mode: 0o400, resourceFieldRef },
          ],
        },
      },
      { serviceAccountToken: token },
    ],
  };
  assert.deepEqual(filesOf({ projected }), [
    ["b", 0o440, "b"],
    ["labels", 0o440, 'a="1"\nb="x\\"y"'],
    ["memory", 0o400, "64"],
    ["token", 0o440, { audience: "me", expirationSeconds: 600 }],
  ]);
  assert.deepEqual(volumeSourceNames({ name: "v", projected }), { secrets: ["s"], configMaps: [] });
});

test("only volumes that are made from objects have such files", () => {
  const volumes: Volume[] = [
    { name: "v", emptyDir: {} },
    { name: "v", hostPath: { path: "/" } },
    { name: "v", projected: {} },
    { name: "v", downwardAPI: {} },
  ];
  assert.deepEqual(volumes.map(hasMadeFiles), [false, false, true, true]);
});
