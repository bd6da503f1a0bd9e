import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { watchResource } from "../../src/client/watch.ts";
import { jobs, persistentVolumeClaims, pods, secrets } from "../../src/kube/builtin.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { controllerOf } from "../../src/kube/objects.ts";
import type { ResourceType } from "../../src/kube/resources.ts";
import type { TestCluster } from "../support/cluster.ts";
import { startTestCluster } from "../support/cluster.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aProvider, aRun, aSecret } from "../support/objects.ts";
import { shippedProgram } from "../support/program.ts";
import { projectRoot } from "../support/project-files.ts";
import type { RunningProgram } from "../support/run.ts";
import { start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const RUNS = 200;
const KILL_AFTER = 60;
const URL = "https://git.example.com/load/repo.git";
const EVERY_PHASE = ["Pending", "Initializing", "Running", "Succeeded"];

/**
 * What is measured here is the operator and the cluster under many runs. Two hundred real agents would
 * need an hour of this machine, so the pods find a quick command in the agent's place, through the
 * kubelet's own option for where programs are. What real agents do is tested elsewhere.
 */
const QUICK_COMMAND = `#!/bin/sh
cat > /dev/null
echo '{"type":"result","subtype":"success","is_error":false,"result":"Done","num_turns":1,"session_id":"quick","total_cost_usd":0,"usage":{"input_tokens":1,"output_tokens":1}}'
`;

it(
  "two hundred runs at once all end well, the operator being killed in the middle",
  { timeout: 400_000 },
  async (t) => {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await temporaryDirectory());
    const tools = join(directory.path, "tools");
    await mkdir(tools);
    await writeFile(join(tools, "claude"), QUICK_COMMAND, { mode: 0o755 });
    const repository = await createGitRepository(join(directory.path, "repository"));
    const cluster = await startTestCluster(
      { operator: false, ownProcess: true, toolDirectories: [tools], gitMirrors: { [URL]: repository.path } },
      stack,
    );
    const { client, namespace } = cluster;
    await client.create(secrets, inNamespace(aSecret("credentials", { "api-key": "any" }), namespace));
    await client.create(
      agentProviders,
      inNamespace(aProvider("provider", { url: "http://127.0.0.1:9", secret: "credentials" }), namespace),
    );

    let operator = await startOperator(cluster, stack);
    const names = Array.from({ length: RUNS }, (_, index) => `run-${index}`);
    const watching = watchPhases(client, namespace, RUNS, async (finished) => {
      if (finished !== KILL_AFTER) return;
      operator.kill("SIGKILL");
      await operator.ended;
      operator = await startOperator(cluster, stack);
    });
    const startedAt = performance.now();
    await Promise.all(
      names.map((name) =>
        client.create(agentRuns, inNamespace(aRun(name, URL, { providerRef: "provider" }), namespace)),
      ),
    );
    const phases = await watching;
    t.diagnostic(`${RUNS} runs ended after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);

    for (const name of names) assert.deepEqual(phases.get(name), EVERY_PHASE, name);
    const owners = new Set((await listAll(client, agentRuns, namespace)).map(({ metadata }) => metadata.uid));
    assert.equal(owners.size, RUNS);
    for (const type of [jobs, persistentVolumeClaims]) {
      const children = await listAll<KubeObject>(client, type, namespace);
      assert.equal(children.length, RUNS, `one ${type.kind} for each run`);
      const orphans = children.filter((child) => !owners.has(controllerOf(child)?.uid));
      assert.deepEqual(
        orphans.map(({ metadata }) => metadata.name),
        [],
      );
    }
    assert.equal((await listAll(client, pods, namespace)).length, RUNS, "no pod was started twice");
    operator.kill("SIGTERM");
    assert.equal((await operator.ended).code, 0);
  },
);

/** Each run's phases in the order in which a watch shows them, until so many runs have ended. */
async function watchPhases(
  client: Client,
  namespace: string,
  count: number,
  onFinished: (finished: number) => Promise<void>,
): Promise<Map<string, string[]>> {
  const phases = new Map<string, string[]>();
  const signal = AbortSignal.timeout(300_000);
  let finished = 0;
  for await (const event of watchResource<AgentRun>(client, agentRuns, { namespace, signal })) {
    if (event.kind !== "upsert") continue;
    const { metadata, status } = event.object;
    const seen = phases.get(metadata.name ?? "") ?? [];
    phases.set(metadata.name ?? "", seen);
    if (status === undefined || seen.at(-1) === status.phase) continue;
    seen.push(status.phase);
    if (!["Succeeded", "Failed", "TimedOut"].includes(status.phase)) continue;
    finished += 1;
    await onFinished(finished);
    if (finished === count) return phases;
  }
  throw new Error(`only ${finished} of ${count} runs ended within 300 s`);
}

async function startOperator(cluster: TestCluster, stack: AsyncDisposableStack): Promise<RunningProgram> {
  const args = [
    "--namespace",
    cluster.namespace,
    "--health-probe-bind-address=0",
    "--metrics-bind-address=0",
  ];
  const operator = start(process.execPath, [shippedProgram, "operator", ...args], {
    cwd: projectRoot,
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    timeoutMs: 390_000,
  });
  stack.defer(() => operator.kill("SIGKILL"));
  return operator;
}

async function listAll<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  namespace: string,
): Promise<T[]> {
  return (await client.list(type, { namespace })).items;
}

function inNamespace<T extends KubeObject>(object: T, namespace: string): T {
  return { ...object, metadata: { ...object.metadata, namespace } };
}
