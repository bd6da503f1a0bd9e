import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { clusterRoleBindings, deployments } from "../../src/kube/cluster-kinds.ts";
import { shippedProgram } from "../support/program.ts";
import { run, start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor } from "../support/wait-for.ts";

const AT = { namespace: "agents", name: "agent-operator" };

describe("agent-operator install", { concurrency: false, timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let client: Client;
  let env: NodeJS.ProcessEnv;
  const program = (...args: string[]) =>
    run(process.execPath, [shippedProgram, ...args], { env, timeoutMs: 60_000 });

  before(
    async () => {
      const { path } = stack.use(await temporaryDirectory());
      const cluster = await startDevCluster({ dataDir: join(path, "cluster"), stopGraceSeconds: 0 });
      stack.defer(() => cluster.stop());
      client = createClient(cluster.transport);
      env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath, NO_COLOR: "1" };
    },
    { timeout: 60_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 60_000 });

  it("installs into another namespace, from a registry", async () => {
    const { code, stderr } = await program("install", "-n", "agents", "--registry", "registry.example.com");
    assert.equal(code, 0, stderr);
    const { spec } = await client.get(deployments, AT);
    const [container] = spec.template?.spec?.containers ?? [];
    assert.match(container?.image ?? "", /^registry\.example\.com\/agent-operator:/);
    assert.ok(container?.args?.some((each) => each.startsWith("--git-image=registry.example.com/")));
    const accounts = (await client.list(clusterRoleBindings)).items
      .flatMap(({ subjects = [] }) => subjects)
      .filter(({ name }) => name === AT.name);
    assert.equal(accounts.length, 2);
    for (const { namespace } of accounts) assert.equal(namespace, AT.namespace);
  });

  it("says what is missing if the replicas are late", async () => {
    const { code, stderr } = await program("install", "-n", "agents", "--wait", "--timeout", "1s");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /deployment\/agent-operator is not available: .*; see kubectl -n agents describe deployment,pods/,
    );
  });

  it("waits until the replicas are available", async () => {
    await using waiting = start(process.execPath, [shippedProgram, "install", "-n", "agents", "--wait"], {
      env,
      timeoutMs: 60_000,
    });
    await waiting.waitForOutput(/deployment\/agent-operator applied/, 30_000);
    // Nobody makes pods of a Deployment here: its controller's answer is written by hand.
    const { metadata, spec } = await waitFor(client, deployments, AT, () => true);
    const status = {
      observedGeneration: metadata.generation,
      replicas: spec.replicas,
      updatedReplicas: spec.replicas,
      availableReplicas: spec.replicas,
    };
    await client.patch(deployments, AT, { status }, { subresource: "status" });
    const { code, stdout } = await waiting.ended;
    assert.equal(code, 0);
    assert.match(stdout, /deployment\/agent-operator is available/);
  });

  it("is undone by uninstall in the same namespace", async () => {
    const { code, stderr } = await program("uninstall", "-n", "agents", "--crds");
    assert.equal(code, 0, stderr);
    await assert.rejects(client.get(deployments, AT), { code: 404 });
  });
});
