import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import type { DevCluster } from "../../src/devcluster/cluster.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { resourceType } from "../../src/kube/resources.ts";
import { locateTool } from "../support/kubectl.ts";
import { aProvider } from "../support/objects.ts";
import { programPath } from "../support/program.ts";
import { projectRoot } from "../support/project-files.ts";
import type { RunResult } from "../support/run.ts";
import { run, runOk } from "../support/run.ts";
import { agentProviders } from "../../src/api/resources.ts";

const clusterRoles = resourceType("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false);

describe("agent-operator doctor", { concurrency: false, timeout: 60_000 }, () => {
  let cluster: DevCluster;
  let client: Client;
  const env = () => ({ ...process.env, KUBECONFIG: cluster.kubeconfigPath });
  const doctor = (...args: string[]): Promise<RunResult> =>
    run(process.execPath, [programPath, "doctor", ...args], { env: env() });

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
    for (const part of ["crd", "default"])
      await runOk(await locateTool("kubectl"), ["apply", "-k", join(projectRoot, "config", part)], {
        env: env(),
      });
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
});
