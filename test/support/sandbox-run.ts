import assert from "node:assert/strict";
import { join } from "node:path";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import { startModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import type { SandboxMode } from "../../src/devcluster/kubelet/sandbox/sandbox.ts";
import { pods, secrets } from "../../src/kube/builtin.ts";
import { startTestCluster } from "./cluster.ts";
import { createGitRepository } from "./git-repository.ts";
import { aProvider, aRun, aSecret } from "./objects.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { waitFor } from "./wait-for.ts";

const URL = "https://git.example.com/sandbox/repo.git";

/**
 * Takes one AgentRun with the real claude from its manifest to a commit, containers being isolated in
 * this way. Rejects with the kubelet's own reason where this machine cannot isolate so.
 */
export async function assertCommitsIn(sandbox: SandboxMode): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const repository = await createGitRepository(join(directory.path, "repository"));
  const model = await startModelEndpoint({ scenario: committingScenario() });
  stack.defer(() => model.close());
  const { client, namespace } = await startTestCluster(
    { sandbox, gitMirrors: { [URL]: repository.path } },
    stack,
  );
  const inNamespace = <T extends { metadata: object }>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, namespace },
  });
  await client.create(secrets, inNamespace(aSecret("credentials", { "api-key": "any" })));
  await client.create(
    agentProviders,
    inNamespace(aProvider("model", { url: model.url, secret: "credentials" })),
  );
  await client.create(agentRuns, inNamespace(aRun("sandboxed", URL, { providerRef: "model" })));
  const run = await waitFor(
    client,
    agentRuns,
    { namespace, name: "sandboxed" },
    ({ status }) => ["Succeeded", "Failed", "TimedOut"].includes(status?.phase ?? ""),
    60_000,
  );
  assert.equal(run.status?.phase, "Succeeded", JSON.stringify(run.status, undefined, 2));
  assert.equal(run.status.outcome, "Committed");
  // A run ends with its agent's container; its pod follows.
  const { items } = await client.list(pods, { namespace });
  assert.equal(items.length, 1);
  const at = { namespace, name: items[0]?.metadata.name ?? "" };
  await waitFor(client, pods, at, ({ status }) => status?.phase === "Succeeded", 15_000);
}
