import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { FINALIZER_IN_USE, FINALIZER_WORKTREE } from "../../src/api/labels.ts";
import { agentProviders, agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { namespaces, secrets } from "../../src/kube/builtin.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import type { ResourceType } from "../../src/kube/resources.ts";
import { startOperator, type Operator } from "../../src/operator/operator.ts";
import { createLog } from "../../src/runtime/log.ts";
import type { TestCluster } from "../support/cluster.ts";
import { startTestCluster } from "../support/cluster.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aProvider, aSecret } from "../support/objects.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

const REPOSITORY = "https://git.example.com/org/repo.git";
const OPERATOR_NAMESPACE = "where-the-operator-is";

/** In order: each step goes on from the one before. */
describe("an operator that goes", { timeout: 120_000 }, () => {
  it("leaves nothing that waits for it, and its successor guards again", async (t) => {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await temporaryDirectory());
    const repository = await createGitRepository(join(directory.path, "repository"));
    const tools = await quickAgentTools(join(directory.path, "tools"));
    const cluster = await startTestCluster(
      { operator: false, toolDirectories: [tools], gitMirrors: { [REPOSITORY]: repository.path } },
      stack,
    );
    const { client, namespace } = cluster;
    const finalizersOf = async <T extends KubeObject>(type: ResourceType<T>, name: string) =>
      (await client.get(type, { namespace, name })).metadata.finalizers ?? [];
    const held = async (): Promise<void> => {
      const isHeld = (finalizer: string) => (object: KubeObject) =>
        object.metadata.finalizers?.includes(finalizer) === true;
      await waitFor(client, agentWorkspaces, { namespace, name: "shared" }, isHeld(FINALIZER_IN_USE));
      await waitFor(client, agentRuns, { namespace, name: "busy" }, isHeld(FINALIZER_WORKTREE));
    };
    await client.create(namespaces, { metadata: { name: OPERATOR_NAMESPACE } });
    await fill(cluster);

    const first = await start(cluster, stack);
    const isRunning = { namespace, name: "busy" };
    await waitFor(client, agentRuns, isRunning, ({ status }) => status?.phase === "Running");
    await held();
    await first.stop();
    assert.deepEqual(await finalizersOf(agentWorkspaces, "shared"), []);
    assert.deepEqual(await finalizersOf(agentRuns, "busy"), []);

    const second = await start(cluster, stack);
    await held();
    await client.delete(agentWorkspaces, { namespace, name: "shared" });
    await second.stop();
    t.diagnostic("a deletion that waits already is left to the successor");
    assert.deepEqual(await finalizersOf(agentWorkspaces, "shared"), [FINALIZER_IN_USE]);
    assert.deepEqual(await finalizersOf(agentRuns, "busy"), []);

    await start(cluster, stack);
    await held();
    await client.delete(namespaces, { name: OPERATOR_NAMESPACE });
    await waitForAbsence(client, agentWorkspaces, { namespace, name: "shared" });
    await waitFor(client, agentRuns, isRunning, ({ metadata }) => !metadata.finalizers?.length);
  });
});

async function fill({ client, namespace }: TestCluster): Promise<void> {
  await client.create(secrets, {
    ...aSecret("key", { "api-key": "any" }),
    metadata: { name: "key", namespace },
  });
  const { spec } = aProvider("provider", { url: "http://127.0.0.1:9", secret: "key" });
  await client.create(agentProviders, { metadata: { name: "provider", namespace }, spec });
  await client.create(agentWorkspaces, {
    metadata: { name: "shared", namespace },
    spec: { repository: { url: REPOSITORY }, storageClass: "nfs-csi" },
  });
  await client.create(agentRuns, {
    metadata: { name: "busy", namespace },
    spec: {
      workspaceRef: "shared",
      worktree: { branch: "busy", cleanup: "OnDelete" },
      providerRef: "provider",
      prompt: "wait",
    },
  });
}

async function start(cluster: TestCluster, stack: AsyncDisposableStack): Promise<Operator> {
  const { transport } = await kubeconfigTransport({ paths: [cluster.kubeconfig] });
  stack.defer(() => transport.close());
  const operator = await startOperator({
    transport,
    namespaces: [cluster.namespace],
    leaseNamespace: OPERATOR_NAMESPACE,
    log: createLog({ level: "error" }),
    healthProbeBindAddress: "0",
    metricsBindAddress: "0",
  });
  stack.defer(() => operator.stop());
  await operator.working;
  return operator;
}
