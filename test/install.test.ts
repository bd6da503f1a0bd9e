import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import packageInfo from "../package.json" with { type: "json" };
import { kustomize, overlay } from "./support/kustomize.ts";
import { projectRoot } from "./support/project-files.ts";

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  rules?: { resources: string[] }[];
  subjects?: { namespace: string }[];
  webhooks?: { failurePolicy: string; clientConfig: { service: { name: string; namespace: string } } }[];
  spec?: {
    replicas?: number;
    template?: { spec: { containers: { image: string; imagePullPolicy: string; args: string[] }[] } };
  };
}

const CLUSTER_KINDS = ["ClusterRole", "ClusterRoleBinding", "Namespace"];

describe("config/default", () => {
  it("holds no CRD and names everything once", async () => {
    const objects = parse(await kustomize(join(projectRoot, "config", "default")));
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();
    assert.deepEqual(names, [
      "ClusterRole/agent-operator",
      "ClusterRole/agent-operator-editor",
      "ClusterRole/agent-operator-viewer",
      "ClusterRoleBinding/agent-operator",
      "Deployment/agent-operator",
      "Namespace/agent-operator-system",
      "PodDisruptionBudget/agent-operator",
      "Role/agent-operator-leader-election",
      "RoleBinding/agent-operator-leader-election",
      "Service/agent-operator-metrics",
      "ServiceAccount/agent-operator",
    ]);
    for (const { kind, metadata } of objects) {
      assert.equal(metadata.labels?.["app.kubernetes.io/name"], "agent-operator", kind);
      const namespace = CLUSTER_KINDS.includes(kind) ? undefined : "agent-operator-system";
      assert.equal(metadata.namespace, namespace, kind);
    }
  });

  it("runs the image of this version and pulls it only where it is absent", async () => {
    const objects = parse(await kustomize(join(projectRoot, "config", "default")));
    const [container] = deployment(objects).spec?.template?.spec.containers ?? [];
    assert.equal(container?.image, `agent-operator:${packageInfo.version}`);
    assert.equal(container?.imagePullPolicy, "IfNotPresent");
  });
});

describe("the components", () => {
  it("confine the operator to one namespace without cluster-wide objects", async () => {
    const objects = parse(await overlay(["namespaced", "network-policy", "service-monitor"], "team-a"));
    assert.deepEqual(
      objects.filter(({ kind }) => CLUSTER_KINDS.includes(kind)).map(({ kind }) => kind),
      [],
    );
    for (const { kind, metadata, subjects = [] } of objects) {
      assert.equal(metadata.namespace, "team-a", kind);
      for (const subject of subjects) assert.equal(subject.namespace, "team-a", kind);
    }
    const role = objects.find(({ kind, metadata }) => kind === "Role" && metadata.name === "agent-operator");
    assert.deepEqual(
      role?.rules,
      rulesOf("config/rbac/role.yaml")?.filter(({ resources }) => !resources.includes("namespaces")),
    );
    const args = deployment(objects).spec?.template?.spec.containers[0]?.args ?? [];
    assert.ok(args.includes("--namespace=$(POD_NAMESPACE)"), args.join(" "));
    const kinds = objects.map(({ kind }) => kind);
    for (const kind of ["NetworkPolicy", "ServiceMonitor"]) assert.ok(kinds.includes(kind), kind);
  });

  it("serve webhooks in another namespace too", async () => {
    const objects = parse(await overlay(["webhooks"], "agents"));
    const configuration = objects.find(({ kind }) => kind === "ValidatingWebhookConfiguration");
    const [webhook] = configuration?.webhooks ?? [];
    assert.equal(webhook?.clientConfig.service.namespace, "agents");
    assert.equal(webhook?.failurePolicy, "Ignore");
    const { name } = webhook?.clientConfig.service ?? {};
    assert.ok(objects.some(({ kind, metadata }) => kind === "Service" && metadata.name === name));
    const args = deployment(objects).spec?.template?.spec.containers[0]?.args ?? [];
    assert.ok(args.includes("--webhook-bind-address=:9443"), args.join(" "));
    for (const { subjects = [] } of objects)
      for (const subject of subjects) assert.equal(subject.namespace, "agents");
  });
});

function parse(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

function deployment(objects: Manifest[]): Manifest {
  const found = objects.find(({ kind }) => kind === "Deployment");
  assert.ok(found);
  return found;
}

function rulesOf(path: string): Manifest["rules"] {
  const [document] = parseAllDocuments(readFileSync(join(projectRoot, path), "utf8"));
  return (document?.toJS() as Manifest | undefined)?.rules;
}
