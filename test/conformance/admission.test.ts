import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { createApiServer, type ApiServer } from "../../src/devcluster/apiserver/server.ts";
import { send } from "./requests.ts";

let server: ApiServer;
before(async () => {
  server = await createApiServer();
});
after(() => server.close());

async function createNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
  const answer = await send(server.transport(), "POST", "/api/v1/namespaces", { metadata: { name, labels } });
  assert.equal(answer.status, 201);
}

const plainPod = { metadata: { name: "plain" }, spec: { containers: [{ name: "main", image: "busybox" }] } };

test("a namespace that enforces restricted refuses a pod that says nothing about security", async () => {
  await createNamespace("strict", { "pod-security.kubernetes.io/enforce": "restricted" });
  const { status, body } = await send(server.transport(), "POST", "/api/v1/namespaces/strict/pods", plainPod);
  assert.equal(status, 403);
  assert.equal(
    body.message,
    'pods "plain" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  );
});

test("a pod that is restricted runs where restricted is enforced", async () => {
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
  const container = {
    name: "main",
    image: "busybox",
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const pod = { metadata: { name: "careful" }, spec: { securityContext, containers: [container] } };
  const { status } = await send(server.transport(), "POST", "/api/v1/namespaces/strict/pods", pod);
  assert.equal(status, 201);
});

test("baseline refuses a privileged container with a host path", async () => {
  await createNamespace("base", { "pod-security.kubernetes.io/enforce": "baseline" });
  const pod = {
    metadata: { name: "bold" },
    spec: {
      containers: [{ name: "main", image: "busybox", securityContext: { privileged: true } }],
      volumes: [{ name: "host", hostPath: { path: "/etc" } }],
    },
  };
  const { body } = await send(server.transport(), "POST", "/api/v1/namespaces/base/pods", pod);
  assert.equal(
    body.message,
    'pods "bold" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes (volume "host"), privileged (container "main" must not set securityContext.privileged=true)',
  );
});

test("a Job whose pods would violate the warn level is created with a warning", async () => {
  await createNamespace("warned", { "pod-security.kubernetes.io/warn": "restricted" });
  const job = {
    metadata: { name: "j" },
    spec: { template: { spec: { ...plainPod.spec, restartPolicy: "Never" } } },
  };
  const answer = await send(server.transport(), "POST", "/apis/batch/v1/namespaces/warned/jobs", job);
  assert.equal(answer.status, 201);
  assert.match(answer.warning, /^299 - "would violate PodSecurity \\"restricted:latest\\": allowPrivilege/);
});

test("a claim without a class gets the default one", async () => {
  const path = "/api/v1/namespaces/default/persistentvolumeclaims";
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
  await send(server.transport(), "POST", "/apis/storage.k8s.io/v1/storageclasses", {
    metadata: { name: "standard", annotations },
    provisioner: "example.com/local",
  });
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const { body } = await send(server.transport(), "POST", path, { metadata: { name: "c" }, spec });
  assert.equal((body["spec"] as Record<string, unknown>)["storageClassName"], "standard");
});

test("nobody grants rights that they do not have", async () => {
  await createNamespace("team");
  const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/team";
  const admin = server.transport();
  await send(admin, "POST", `${rbac}/roles`, {
    metadata: { name: "roles" },
    rules: [
      { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["create"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
    ],
  });
  await send(admin, "POST", `${rbac}/rolebindings`, {
    metadata: { name: "roles" },
    roleRef: { kind: "Role", name: "roles", apiGroup: "rbac.authorization.k8s.io" },
    subjects: [{ kind: "User", name: "ada" }],
  });
  const ada = server.transport({ name: "ada", groups: ["system:authenticated"] });
  const role = (verb: string) => ({
    metadata: { name: `pods-${verb}` },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: [verb] }],
  });
  assert.equal((await send(ada, "POST", `${rbac}/roles`, role("get"))).status, 201);
  const { status, body } = await send(ada, "POST", `${rbac}/roles`, role("delete"));
  assert.equal(status, 403);
  assert.equal(
    body.message,
    'roles.rbac.authorization.k8s.io "pods-delete" is forbidden: user "ada" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
  );
});

interface Review {
  request: { uid: string; operation: string; object: { metadata: { name: string } } };
}

/** A webhook that labels what it sees, and denies what is named `evil`. */
async function startWebhook(): Promise<{ server: Server; url: string }> {
  const webhook = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
    request.on("end", () => {
      const { uid, object } = (JSON.parse(text) as Review).request;
      const patch = [{ op: "add", path: "/metadata/labels", value: { seen: "yes" } }];
      const allowed = object.metadata.name !== "evil";
      const encoded = Buffer.from(JSON.stringify(patch)).toString("base64");
      response.end(
        JSON.stringify({
          response: {
            uid,
            allowed,
            ...(request.url?.startsWith("/mutate") ? { patchType: "JSONPatch", patch: encoded } : {}),
            ...(allowed ? { warnings: ["looked at it"] } : { status: { message: "not that one" } }),
          },
        }),
      );
    });
  });
  webhook.listen(0, "127.0.0.1");
  await once(webhook, "listening");
  return { server: webhook, url: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}` };
}

function configuration(kind: string, url: string, more: object = {}): unknown {
  const webhook = {
    name: "look.example.com",
    clientConfig: { url },
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
    namespaceSelector: { matchLabels: { hooked: "yes" } },
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    failurePolicy: "Fail",
    timeoutSeconds: 2,
    ...more,
  };
  return { metadata: { name: `look-${kind}` }, webhooks: [webhook] };
}

test("webhooks change, warn of and refuse what their rules match", { timeout: 30_000 }, async () => {
  const webhook = await startWebhook();
  await createNamespace("hooked", { hooked: "yes" });
  const configurations = "/apis/admissionregistration.k8s.io/v1";
  const admin = server.transport();
  await send(
    admin,
    "POST",
    `${configurations}/mutatingwebhookconfigurations`,
    configuration("mutating", `${webhook.url}/mutate`),
  );
  await send(
    admin,
    "POST",
    `${configurations}/validatingwebhookconfigurations`,
    configuration("validating", `${webhook.url}/validate`),
  );
  const create = (namespace: string, name: string) =>
    send(admin, "POST", `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name } });
  const good = await create("hooked", "good");
  assert.equal(good.status, 201);
  assert.deepEqual((good.body["metadata"] as { labels?: unknown }).labels, { seen: "yes" });
  assert.equal(good.warning, '299 - "looked at it"');
  const evil = await create("hooked", "evil");
  assert.equal(evil.status, 403);
  assert.equal(evil.body.message, 'admission webhook "look.example.com" denied the request: not that one');
  const elsewhere = await create("default", "evil");
  assert.equal(elsewhere.status, 201);
  webhook.server.close();
  webhook.server.closeAllConnections();
  const unreachable = await create("hooked", "later");
  assert.equal(unreachable.status, 500);
  assert.match(unreachable.body.message ?? "", /failed calling webhook "look.example.com"/);
  const path = `${configurations}/mutatingwebhookconfigurations/look-mutating`;
  await send(admin, "DELETE", path);
  const validating = `${configurations}/validatingwebhookconfigurations/look-validating`;
  await send(admin, "DELETE", validating);
  assert.equal((await create("hooked", "later")).status, 201);
});

const HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

test("a webhook with match conditions is refused: it would be asked about more than its author wants", async () => {
  const matchConditions = [{ name: "n", expression: "true" }];
  const wanted = configuration("refused", "http://127.0.0.1:1/", { matchConditions });
  const { status, body } = await send(server.transport(), "POST", HOOKS, wanted);
  assert.equal(status, 422);
  assert.match(
    body.message ?? "",
    /webhooks\[0\]\.matchConditions: Forbidden: this development cluster does not/,
  );
});

test("webhooks are asked about a delete", { timeout: 30_000 }, async () => {
  const admin = server.transport();
  const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["DELETE"], resources: ["configmaps"] }];
  const objectSelector = { matchLabels: { kept: "yes" } };
  const wanted = configuration("delete", "http://127.0.0.1:1/", { rules, objectSelector });
  await createNamespace("deleted", { hooked: "yes" });
  for (const name of ["kept", "gone"]) {
    const metadata = { name, labels: name === "kept" ? { kept: "yes" } : {} };
    await send(admin, "POST", "/api/v1/namespaces/deleted/configmaps", { metadata });
  }
  for (const kind of ["mutating", "validating"]) {
    const hooks = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`;
    assert.equal((await send(admin, "POST", hooks, wanted)).status, 201);
    const remove = (name: string) => send(admin, "DELETE", `/api/v1/namespaces/deleted/configmaps/${name}`);
    assert.equal((await remove("kept")).status, 500, kind);
    assert.equal((await remove("gone")).status, kind === "mutating" ? 200 : 404);
    await send(admin, "DELETE", `${hooks}/look-delete`);
  }
});
