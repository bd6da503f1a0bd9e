import assert from "node:assert/strict";
import { test } from "node:test";
import { type MutableObject } from "../answers/json-object.ts";
import { objectsAt } from "../../../kube/json.ts";
import { mountServiceAccount } from "./service-account-mounts.ts";

const PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

function mounted(spec: MutableObject, account?: MutableObject) {
  const pod: MutableObject = { containers: [{ name: "c" }], ...structuredClone(spec) };
  mountServiceAccount(pod, account);
  const containers = [...objectsAt(pod, "initContainers"), ...objectsAt(pod, "containers")];
  return {
    pod,
    volumes: objectsAt(pod, "volumes").map(({ name }) => name),
    mounts: containers.map((one) =>
      objectsAt(one, "volumeMounts").map(({ name, mountPath }) => [name, mountPath]),
    ),
  };
}

test("a pod gets the default account and its token in every container", () => {
  const { pod, volumes, mounts } = mounted({ initContainers: [{ name: "i" }] });
  assert.equal(pod["serviceAccountName"], "default");
  assert.deepEqual(volumes, ["kube-api-access-local"]);
  assert.deepEqual(mounts, [[["kube-api-access-local", PATH]], [["kube-api-access-local", PATH]]]);
});

test("pod and account can do without, and the pod has the last word", () => {
  const no = { automountServiceAccountToken: false };
  const yes = { automountServiceAccountToken: true };
  assert.deepEqual(mounted(no).volumes, []);
  assert.deepEqual(mounted({}, no).volumes, []);
  assert.deepEqual(mounted(yes, no).volumes, ["kube-api-access-local"]);
  assert.deepEqual(mounted(no, yes).mounts, [[]]);
});

test("what a container has at the path of its own stays", () => {
  const volumeMounts = [{ name: "mine", mountPath: PATH }];
  const all = mounted({ containers: [{ name: "c", volumeMounts }] });
  assert.deepEqual([all.volumes, all.mounts], [[], [[["mine", PATH]]]]);
});

test("the account's pull secrets are the pod's, where it names none", () => {
  const account = { imagePullSecrets: [{ name: "registry" }] };
  assert.deepEqual(mounted({}, account).pod["imagePullSecrets"], [{ name: "registry" }]);
  const own = [{ name: "own" }];
  assert.deepEqual(mounted({ imagePullSecrets: own }, account).pod["imagePullSecrets"], own);
});
