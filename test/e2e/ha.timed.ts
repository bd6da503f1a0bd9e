import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import { watchResource } from "../../src/client/watch.ts";
import type { DevCluster } from "../../src/devcluster/cluster.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { jobs, leases, namespaces, persistentVolumeClaims, pods, secrets } from "../../src/kube/builtin.ts";
import { gitImageFiles } from "../../src/local/local-cluster.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { controllerOf } from "../../src/kube/objects.ts";
import type { ResourceType } from "../../src/kube/resources.ts";
import { installDefinitions } from "../../src/local/install.ts";
import { hasEnded } from "../../src/plan/jobs/job-state.ts";
import type { ChaosProxy } from "../support/chaos-proxy.ts";
import { startChaosProxy } from "../support/chaos-proxy.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aProvider, aRun, aSecret } from "../support/objects.ts";
import { shippedProgram } from "../support/program.ts";
import { projectRoot } from "../support/project-files.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import type { RunningProgram } from "../support/run.ts";
import { start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor } from "../support/wait-for.ts";

const REPOSITORY = "https://git.example.com/org/repo.git";
/** leaseDuration + 2 x retryPeriod */
const TAKE_OVER_MS = 15_000 + 2 * 2_000;
const RUNS = 8;

interface Replica {
  program: RunningProgram;
  relay: ChaosProxy;
}

/** Side by side, each in a namespace and with its own Lease. */
describe("of two replicas", { concurrency: true, timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let cluster: DevCluster;
  let client: Client;
  let directory: string;

  before(
    async () => {
      directory = stack.use(await temporaryDirectory()).path;
      const repository = await createGitRepository(join(directory, "repository"));
      cluster = await startDevCluster({
        dataDir: join(directory, "cluster"),
        toolDirectories: [await quickAgentTools(join(directory, "agent"))],
        imageFiles: [gitImageFiles(projectRoot)],
        gitMirrors: { [REPOSITORY]: repository.path },
        stopGraceSeconds: 0,
      });
      stack.defer(() => cluster.stop());
      client = createClient(cluster.transport);
      await installDefinitions(client);
    },
    { timeout: 60_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 60_000 });

  it("the other takes over from a leader that is killed", async () => {
    const { first, finish } = await disturb("killed", ({ program }) => program.kill("SIGKILL"));
    await first.program.ended;
    await finish();
  });

  it("the other takes over from a leader that is stopped, and nothing that it writes late takes effect", async () => {
    const { first, finish } = await disturb("stopped", ({ program }) => program.kill("SIGSTOP"));
    await finish();
    const before = await versions("stopped");
    first.program.kill("SIGCONT");
    const { code, stderr } = await first.program.ended;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /the operator ends: .*lease/);
    assert.deepEqual(await versions("stopped"), before);
  });

  it("the other takes over from a leader that is cut off, which ends by itself", async () => {
    const { first, finish } = await disturb("cut-off", ({ relay }) => relay.hold(true));
    const [{ code, stderr }] = await Promise.all([first.program.ended, finish()]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /the operator ends: the lease could not be renewed in time/);
  });

  /** Half of the runs are there when the leader meets its fate, the other half comes after. */
  async function disturb(
    namespace: string,
    fate: (leader: Replica) => void,
  ): Promise<{ first: Replica; finish: () => Promise<void> }> {
    await client.create(namespaces, { metadata: { name: namespace } });
    await create(secrets, namespace, aSecret("credentials", { "api-key": "any" }));
    const endpoint = { url: "http://127.0.0.1:9", secret: "credentials" };
    await create(agentProviders, namespace, aProvider("provider", endpoint));
    const first = await replica(namespace, "first");
    await first.program.waitForOutput(/"message":"caches are synced; reconciling"/);
    const lease = await client.get(leases, { namespace, name: "agent-operator" });
    await replica(namespace, "second");
    const names = Array.from({ length: RUNS }, (_, index) => `run-${index}`);
    for (const name of names.slice(0, RUNS / 2)) await createRun(namespace, name);
    await firstEnd(namespace);
    fate(first);
    const startedAt = performance.now();
    for (const name of names.slice(RUNS / 2)) await createRun(namespace, name);
    const finish = async (): Promise<void> => {
      const tookMs = await takeOver(namespace, lease.spec?.holderIdentity ?? "", startedAt);
      assert.ok(tookMs < TAKE_OVER_MS, `the other replica led only after ${tookMs} ms`);
      await Promise.all(names.map((name) => succeeded(namespace, name)));
      await noneTwice(namespace);
    };
    return { first, finish };
  }

  async function replica(namespace: string, name: string): Promise<Replica> {
    const relay = stack.use(await startChaosProxy(cluster.url));
    const kubeconfig = join(directory, `${namespace}-${name}`);
    const text = await readFile(cluster.kubeconfigPath, "utf8");
    await writeFile(kubeconfig, text.replaceAll(cluster.url, `https://127.0.0.1:${relay.port}`));
    const flags = ["--leader-elect", "--health-probe-bind-address=0", "--metrics-bind-address=0"];
    const program = start(
      process.execPath,
      [shippedProgram, "operator", ...flags, `--namespace=${namespace}`],
      {
        env: { ...process.env, KUBECONFIG: kubeconfig, POD_NAMESPACE: namespace },
        timeoutMs: 110_000,
      },
    );
    stack.use(program);
    return { program, relay };
  }

  async function takeOver(namespace: string, before: string, since: number): Promise<number> {
    await waitFor(client, leases, { namespace, name: "agent-operator" }, ({ spec }) => {
      const holder = spec?.holderIdentity ?? "";
      return holder !== "" && holder !== before;
    });
    return performance.now() - since;
  }

  async function firstEnd(namespace: string): Promise<void> {
    const signal = AbortSignal.timeout(30_000);
    for await (const event of watchResource(client, agentRuns, { namespace, signal })) {
      if (event.kind === "upsert" && event.object.status?.phase === "Succeeded") return;
    }
    assert.fail("no run ended within 30 s");
  }

  async function succeeded(namespace: string, name: string): Promise<void> {
    await waitFor(
      client,
      agentRuns,
      { namespace, name },
      ({ status }) => status?.phase === "Succeeded",
      60_000,
    );
    // A run ends with its agent's container; its pod and its Job follow.
    await waitFor(client, jobs, { namespace, name }, hasEnded, 60_000);
  }

  /** One Job, one claim and one pod for each run, and nothing beside them. */
  async function noneTwice(namespace: string): Promise<void> {
    const uidsOf = async (type: ResourceType): Promise<(string | undefined)[]> =>
      (await client.list<KubeObject>(type, { namespace })).items.map((item) => controllerOf(item)?.uid);
    const runs = (await client.list(agentRuns, { namespace })).items.map(({ metadata }) => metadata.uid);
    assert.equal(runs.length, RUNS);
    for (const type of [jobs, persistentVolumeClaims])
      assert.deepEqual((await uidsOf(type)).toSorted(), runs.toSorted(), type.kind);
    const owners = (await client.list(jobs, { namespace })).items.map(({ metadata }) => metadata.uid);
    assert.deepEqual((await uidsOf(pods)).toSorted(), owners.toSorted(), "Pod");
  }

  async function versions(namespace: string): Promise<Record<string, unknown>> {
    const listed = [agentRuns, jobs, pods, persistentVolumeClaims].map(async (type: ResourceType) => {
      const { items } = await client.list<KubeObject>(type, { namespace });
      return items.map(
        ({ metadata }) => [`${type.kind}/${metadata.name}`, metadata.resourceVersion] as const,
      );
    });
    return Object.fromEntries((await Promise.all(listed)).flat());
  }

  function createRun(namespace: string, name: string): Promise<void> {
    return create(agentRuns, namespace, aRun(name, REPOSITORY, { providerRef: "provider" }));
  }

  async function create<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    object: T,
  ): Promise<void> {
    await client.create(type, { ...object, metadata: { ...object.metadata, namespace } });
  }
});
