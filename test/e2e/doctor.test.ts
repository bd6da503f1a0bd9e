import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import type { DevCluster } from "../../src/devcluster/cluster.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { secrets } from "../../src/kube/builtin.ts";
import { customResourceDefinitions } from "../../src/kube/cluster-kinds.ts";
import { resourceType } from "../../src/kube/resources.ts";
import { aProvider } from "../support/objects.ts";
import { shippedProgram } from "../support/program.ts";
import type { RunResult } from "../support/run.ts";
import { run } from "../support/run.ts";
import {
  agentNotifiers,
  agentProviders,
  agentRuns,
  agentSchedules,
  agentWorkspaces,
} from "../../src/api/resources.ts";

const clusterRoles = resourceType("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false);

const deployments = resourceType("apps", "v1", "deployments", "Deployment");

describe("agent-operator install, doctor and uninstall", { concurrency: false, timeout: 60_000 }, () => {
  let cluster: DevCluster;
  let client: Client;
  const env = () => ({ ...process.env, KUBECONFIG: cluster.kubeconfigPath });
  const program = (...args: string[]): Promise<RunResult> =>
    run(process.execPath, [shippedProgram, ...args], { env: env() });
  const doctor = (...args: string[]): Promise<RunResult> => program("doctor", ...args);

  before(
    async () => {
      cluster = await startDevCluster({ stopGraceSeconds: 0 });
      client = createClient(cluster.transport);
    },
    { timeout: 30_000 },
  );
  after(() => cluster.stop(), { timeout: 30_000 });

  it("says what an empty cluster lacks", async () => {
    const { code, stdout } = await doctor();
    assert.equal(code, 1);
    assert.match(stdout, /^ok +API server: v1\.\d+/m);
    assert.match(
      stdout,
      /^problem +CRD: agentruns\.agent\.xonovex\.com is missing\n +kubectl apply -k config\/crd\/$/m,
    );
    assert.match(stdout, /^problem +Permissions: system:serviceaccount:\S+ may not get agentruns/m);
    assert.match(stdout, /^warning +Operator: there is no Deployment/m);
  });

  it("finds an installed one in order, but for what does not run", async () => {
    const installed = await program("install", "--image", "registry.example.com/operator:1");
    assert.equal(installed.code, 0, installed.stderr);
    const at = { namespace: "agent-operator-system", name: "agent-operator" };
    assert.match(
      JSON.stringify(await client.get(deployments, at)),
      /"image":"registry.example.com\/operator:1"/,
    );
    const { stdout } = await doctor("--json");
    const findings = JSON.parse(stdout) as { status: string; subject: string }[];
    const subjects = findings.filter(({ status }) => status === "problem").map(({ subject }) => subject);
    assert.deepEqual(subjects, ["Operator"], stdout);
  });

  it("names the permission that is missing and the provider that is not ready", async () => {
    const rules = [{ op: "remove", path: "/rules/0" }];
    await client.patch(clusterRoles, { name: "agent-operator" }, rules, { type: "json" });
    const provider = aProvider("waiting", { url: "http://127.0.0.1:9", secret: "none" });
    await client.create(agentProviders, { ...provider, metadata: { name: "waiting", namespace: "default" } });
    const { code, stdout } = await doctor();
    assert.equal(code, 1);
    assert.match(stdout, /^problem +Permissions: .* may not list agentruns/m);
    assert.match(stdout, /^warning +AgentProvider: waiting was seen by no operator yet/m);
  });

  it("names the schedule that starts nothing, and why", async () => {
    const metadata = { name: "nightly", namespace: "default" };
    const runTemplate = { spec: { prompt: "x", repository: { url: "https://git.example.com/r.git" } } };
    const made = { metadata, spec: { schedule: "0 3 * * *", runTemplate } };
    await client.create(agentSchedules, made);
    const ready = { type: "Ready", reason: "UnknownTimeZone", message: "there is no time zone Mars" };
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const status = { conditions: [{ ...ready, status: "False", lastTransitionTime }] };
    await client.patch(agentSchedules, metadata, { status }, { type: "merge", subresource: "status" });
    assert.match(
      (await doctor()).stdout,
      /^problem +AgentSchedule: nightly starts no runs: there is no time zone Mars/m,
    );
  });

  it("names the notifier that nobody serves, and the sink that takes nothing", async () => {
    const namespace = "default";
    const at = { name: "ends", namespace };
    const sink = { format: "CloudEvents", url: "https://events.example.com/" } as const;
    await client.create(agentNotifiers, { metadata: at, spec: { sink } });
    assert.match((await doctor()).stdout, /^warning +AgentNotifier: ends is served by nobody/m);
    const ready = { type: "Ready", reason: "SinkRefused", message: "the sink answers with 401" };
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const status = { pending: 3, conditions: [{ ...ready, status: "False", lastTransitionTime }] };
    await client.patch(agentNotifiers, at, { status }, { type: "merge", subresource: "status" });
    assert.match(
      (await doctor()).stdout,
      /^problem +AgentNotifier: ends has 3 events that its sink has not taken: the sink answers with 401/m,
    );
  });

  it("names the Secret and the key that runs, schedules and workspaces wait for, and no value", async () => {
    const namespace = "default";
    const url = "https://github.com/o/r";
    const githubAppRef = { name: "app" };
    const publish = { credentialsSecretRef: { name: "push", key: "token" } };
    await client.create(agentWorkspaces, {
      metadata: { name: "shared", namespace },
      spec: { repository: { url, githubAppRef } },
    });
    const spec = { prompt: "x", repository: { url }, provider: {} };
    await client.create(agentRuns, {
      metadata: { name: "publishes", namespace },
      spec: {
        ...spec,
        publish: { ...publish, pullRequest: { tokenSecretRef: { name: "forge", key: "t" } } },
      },
    });
    await client.create(agentSchedules, {
      metadata: { name: "proposes", namespace },
      spec: { schedule: "0 3 * * *", runTemplate: { spec: { ...spec, publish: { githubAppRef } } } },
    });
    const stringData = { githubAppID: "1234567890", githubAppInstallationID: "s3cret" };
    await client.create(secrets, { metadata: { name: "app", namespace }, stringData } as never);
    await client.create(secrets, {
      metadata: { name: "forge", namespace },
      stringData: { t: "s3cret" },
    } as never);
    const { stdout } = await doctor();
    assert.match(
      stdout,
      /^problem +Secret: app has no key githubAppPrivateKey; it is to hold the GitHub App of AgentSchedule proposes, AgentWorkspace shared$/m,
    );
    assert.match(
      stdout,
      /^problem +Secret: push does not exist; it is to hold the credential to push with of AgentRun publishes\n +kubectl --namespace default create secret generic push --from-file=token=FILE$/m,
    );
    assert.match(stdout, /^ok +Secret: forge has the keys for AgentRun publishes$/m);
    assert.doesNotMatch(stdout, /s3cret|1234567890/);
  });

  it("takes documented narrowing for what it is, and no replicas for a problem", async () => {
    assert.equal((await program("install", "--image", "registry.example.com/operator:1")).code, 0);
    const at = { namespace: "agent-operator-system", name: "agent-operator" };
    const role = await client.get(clusterRoles, { name: "agent-operator" });
    const { rules } = role as unknown as { rules: { resources: string[] }[] };
    const secrets = rules.findIndex(({ resources }) => resources.includes("secrets"));
    const narrow = [{ op: "add", path: `/rules/${secrets}/resourceNames`, value: ["keys"] }];
    await client.patch(clusterRoles, { name: "agent-operator" }, narrow, { type: "json" });
    assert.match(
      (await doctor()).stdout,
      /^problem +Permissions: .* may not get secrets in every namespace/m,
    );
    const changes = [
      { op: "add", path: "/spec/template/spec/containers/0/args/-", value: "--secret=keys" },
      { op: "add", path: "/spec/template/spec/containers/0/args/-", value: "--webhook-bind-address=:9443" },
      { op: "replace", path: "/spec/replicas", value: 0 },
    ];
    await client.patch(deployments, at, changes, { type: "json" });
    const { code, stdout } = await doctor("-n", "default");
    assert.equal(code, 1);
    assert.match(stdout, /^ok +Permissions: /m);
    assert.match(stdout, /^problem +Operator: its Deployment is scaled to 0 replicas$/m);
    assert.match(
      stdout,
      /^problem +Webhooks: the operator serves them at :9443, but there is no Validating/m,
    );
  });

  it("is left as empty by uninstall as install found it, objects of the CRDs last", async () => {
    assert.equal((await program("uninstall")).code, 0);
    assert.equal((await client.list(agentProviders, { namespace: "default" })).items.length, 1);
    const { code, stderr } = await program("uninstall", "--crds");
    assert.equal(code, 0, stderr);
    assert.equal((await client.list(customResourceDefinitions)).items.length, 0);
    const roles = (await client.list(clusterRoles)).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(
      roles.filter((name) => /agent/.test(name ?? "")),
      [],
    );
  });
});
