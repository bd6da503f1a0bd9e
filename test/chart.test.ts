import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { locateTool } from "../scripts/tools.ts";
import { kustomize as directoryOf, overlay } from "./support/kustomize.ts";
import { projectRoot } from "./support/project-files.ts";
import { run } from "./support/run.ts";

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
}

const CHART = join(projectRoot, "charts", "agent-operator");
const NAMESPACE = "agent-operator-system";

describe("the Helm chart", () => {
  it("passes helm lint", async () => {
    const { code, stdout } = await run(await locateTool("helm"), ["lint", "--strict", CHART]);
    assert.equal(code, 0, stdout);
  });

  it("is config/crd and config/default, but for the namespace", async () => {
    const config = [...(await kustomize("crd")), ...(await kustomize("default"))];
    const wanted = config.filter(({ kind }) => kind !== "Namespace");
    assert.deepEqual(byName(await template()), byName(wanted));
  });

  it("lets a cluster that knows how select by the fields of the component", async () => {
    const wanted = parse(await overlay(["selectable-fields"], undefined, ["crd"])).filter(isDefinition);
    assert.match(JSON.stringify(wanted), /"selectableFields":\[\{"jsonPath":"\.status\.phase"/);
    const { stdout } = await helmTemplate([], "1.31.0");
    assert.deepEqual(byName(parse(stdout).map(withoutPolicy).filter(isDefinition)), byName(wanted));
  });

  it("has the components as values", async () => {
    const objects = await template("networkPolicy.enabled=true", "serviceMonitor.enabled=true");
    for (const component of ["network-policy", "service-monitor"]) {
      const [wanted] = await kustomize("components", component);
      assert.deepEqual(
        objects.find(({ kind }) => kind === wanted?.kind),
        wanted,
      );
    }
  });

  it("has the dashboards as the component does", async () => {
    const isOne = ({ metadata }: Manifest): boolean => metadata.name === "agent-operator-dashboards";
    const wanted = parse(await overlay(["grafana-dashboards"])).filter(isOne);
    assert.equal(wanted.length, 1);
    assert.match(JSON.stringify(wanted), /"grafana_dashboard":"1"/);
    assert.deepEqual((await template("dashboards.enabled=true")).filter(isOne), wanted);
  });

  it("serves webhooks as the component does", async () => {
    const wanted = parse(await overlay(["webhooks"])).filter(({ kind }) => kind !== "Namespace");
    assert.deepEqual(byName(await template("webhooks.enabled=true", "crds.install=false")), byName(wanted));
  });

  it("serves the console as the component does, without a role, and takes a proxy beside it", async () => {
    const wanted = parse(await overlay(["console"])).filter(({ kind }) => kind !== "Namespace");
    assert.deepEqual(byName(await template("console.enabled=true", "crds.install=false")), byName(wanted));
    const objects = await template(
      "console.enabled=true",
      "crds.install=false",
      "gitImage=registry.example.com/git:1",
      "console.replicas=2",
      "console.origins={https://console.example.com}",
      "console.sidecars[0].name=proxy",
      "console.sidecars[0].image=registry.example.com/proxy:1",
      "console.extraArgs={--name=staging}",
    );
    const of = (kind: string): string =>
      JSON.stringify(objects.filter((each) => each.kind === kind && each.metadata.name.includes("-console")));
    for (const part of [
      '"replicas":2',
      '"--origin=https://console.example.com","--image=registry.example.com/git:1","--name=staging"',
      '{"image":"registry.example.com/proxy:1","name":"proxy"}',
      '"automountServiceAccountToken":false',
    ])
      assert.ok(of("Deployment").includes(part), part);
    assert.match(of("ServiceAccount"), /"automountServiceAccountToken":false/);
    for (const kind of ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret", "Service"])
      assert.equal(of(kind), "[]");
    assert.doesNotMatch(JSON.stringify(objects.filter(({ kind }) => /Binding/.test(kind))), /-console/);
  });

  it("has the policies and their limits as the component does", async () => {
    const wanted = parse(await overlay(["policies"])).filter(({ kind }) => kind !== "Namespace");
    assert.deepEqual(byName(await template("policies.enabled=true", "crds.install=false")), byName(wanted));
    const changed = await template("policies.enabled=true", "policies.limits.images=r.example.com/*");
    const limits = changed.find(({ metadata }) => metadata.name === "agent-operator-policies");
    assert.match(JSON.stringify(limits), /"images":"r\.example\.com\/\*","inlineProvider":"false"/);
  });

  it("needs no cluster role where it watches some namespaces only", async () => {
    const objects = await template(
      "namespaces={team-a,team-b}",
      "users.aggregate=false",
      "crds.install=false",
    );
    const found = objects
      .filter(({ kind }) => /Role/.test(kind))
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    assert.deepEqual(found.toSorted(), [
      `Role ${NAMESPACE}/agent-operator-leader-election`,
      "Role team-a/agent-operator",
      "Role team-b/agent-operator",
      `RoleBinding ${NAMESPACE}/agent-operator-leader-election`,
      "RoleBinding team-a/agent-operator",
      "RoleBinding team-b/agent-operator",
    ]);
    const text = JSON.stringify(objects);
    for (const flag of ["--namespace=team-a", "--namespace=team-b"]) assert.ok(text.includes(flag), flag);
    const [first, second] = objects.filter(({ kind }) => kind === "RoleBinding").slice(-2);
    for (const binding of [first, second])
      assert.match(JSON.stringify(binding), new RegExp(`"subjects":\\[[^\\]]*"namespace":"${NAMESPACE}"`));
  });

  it("puts every value in its place", async () => {
    const text = JSON.stringify(
      await template(
        "image.repository=registry.example.com/operator",
        "image.tag=1.2.3",
        "image.pullPolicy=Always",
        "imagePullSecrets[0].name=pull",
        "gitImage=registry.example.com/git:1",
        "agentImage=registry.example.com/agent:1",
        "replicas=3",
        "logLevel=debug",
        "extraArgs[0]=--otlp-endpoint=http://collector:4318",
        "resources.limits.memory=1Gi",
        "priorityClassName=important",
        "nodeSelector.pool=system",
        "tolerations[0].operator=Exists",
        "affinity.nodeAffinity.any=thing",
      ),
    );
    for (const part of [
      '"image":"registry.example.com/operator:1.2.3"',
      '"imagePullPolicy":"Always"',
      '"imagePullSecrets":[{"name":"pull"}]',
      '"--git-image=registry.example.com/git:1"',
      '"--agent-image=registry.example.com/agent:1"',
      '"replicas":3',
      '"--log-level=debug"',
      '"--otlp-endpoint=http://collector:4318"',
      '"limits":{"memory":"1Gi"}',
      '"priorityClassName":"important"',
      '"nodeSelector":{"pool":"system"}',
      '"tolerations":[{"operator":"Exists"}]',
      '"affinity":{"nodeAffinity":{"any":"thing"}}',
    ])
      assert.ok(text.includes(part), part);
  });

  const wrong: [value: string, complaint: RegExp][] = [
    ["replica=3", /replica/],
    ["image.pullPolicy=Sometimes", /pullPolicy/],
    ["namespaces={Team}", /namespaces/],
    ["replicas=-1", /replicas/],
  ];
  for (const [value, complaint] of wrong) {
    it(`refuses ${value}`, async () => {
      const { code, stderr } = await helmTemplate([value]);
      assert.notEqual(code, 0);
      assert.match(stderr, complaint);
    });
  }
});

const isDefinition = ({ kind }: Manifest): boolean => kind === "CustomResourceDefinition";

/** The oldest Kubernetes that the operator is for, or a newer one. */
async function helmTemplate(values: readonly string[], version = "1.28.0") {
  const set = values.flatMap((value) => ["--set", value]);
  const of = ["agent-operator", CHART, "-n", NAMESPACE, "--kube-version", version];
  return run(await locateTool("helm"), ["template", ...of, ...set]);
}

async function template(...values: string[]): Promise<Manifest[]> {
  const { code, stdout, stderr } = await helmTemplate(values);
  assert.equal(code, 0, stderr);
  return parse(stdout).map(withoutPolicy);
}

async function kustomize(...parts: string[]): Promise<Manifest[]> {
  return parse(await directoryOf(join(projectRoot, "config", ...parts)));
}

function parse(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

/** What keeps a CRD when the chart is uninstalled means nothing to kubectl. */
function withoutPolicy(object: Manifest): Manifest {
  const { annotations, ...metadata } = object.metadata;
  const { "helm.sh/resource-policy": policy, ...rest } = annotations ?? {};
  if (policy !== undefined) assert.equal(policy, "keep");
  return {
    ...object,
    metadata: Object.keys(rest).length > 0 ? { ...metadata, annotations: rest } : metadata,
  };
}

function byName(objects: Manifest[]): Record<string, Manifest> {
  return Object.fromEntries(
    objects
      .map((object): [string, Manifest] => [`${object.kind}/${object.metadata.name}`, object])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
