import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import type { DevCluster } from "../../src/devcluster/cluster.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { jobs, leases, namespaces, persistentVolumeClaims } from "../../src/kube/builtin.ts";
import { gitImageFiles } from "../../src/local/local-cluster.ts";
import type { Pod, PodSpec } from "../../src/kube/builtin.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { locateTool } from "../../scripts/tools.ts";
import { aProvider, aRun, aSecret } from "../support/objects.ts";
import { freePort } from "../support/free-port.ts";
import { bundledTools, operatorPod } from "../support/operator-pod.ts";
import { projectRoot } from "../support/project-files.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import { run, runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

const NAMESPACE = "agent-operator-system";
const REPOSITORY = "https://git.example.com/org/repo.git";
const HAND_OVER_MS = 5_000;

const crd = join(projectRoot, "config", "crd");
const everything = join(projectRoot, "config", "default");

interface Template {
  metadata: Pod["metadata"];
  spec: PodSpec;
}

type Kubectl = (...args: string[]) => Promise<string>;

/** In order, as an administrator would: each step goes on from the one before. */
describe("the commands of installing and removing", { concurrency: false, timeout: 240_000 }, () => {
  const stack = new AsyncDisposableStack();
  let cluster: DevCluster;
  let client: Client;
  let path: string;
  /** With the kubeconfig alone, as it is typed. */
  const environment = () => ({ ...process.env, KUBECONFIG: cluster.kubeconfigPath });
  const kubectl: Kubectl = (...args) => runOk(path, args, { env: environment(), timeoutMs: 90_000 });
  const apply = (...objects: object[]): Promise<string> =>
    runOk(path, ["apply", "-f", "-"], {
      env: environment(),
      input: objects.map((object) => JSON.stringify(object)).join("\n---\n"),
    });
  let failed = false;
  const replicas = new Map<string, { health: number; metrics: number }>();

  before(
    async () => {
      const directory = stack.use(await temporaryDirectory());
      const repository = await createGitRepository(join(directory.path, "repository"));
      cluster = await startDevCluster({
        dataDir: join(directory.path, "cluster"),
        toolDirectories: [
          ...(await bundledTools(join(directory.path, "operator"))),
          await quickAgentTools(join(directory.path, "agent")),
        ],
        imageFiles: [gitImageFiles(projectRoot)],
        gitMirrors: { [REPOSITORY]: repository.path },
      });
      stack.defer(() => cluster.stop());
      client = createClient(cluster.transport);
      path = await locateTool("kubectl");
    },
    { timeout: 60_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 60_000 });

  step("apply the CRDs and the operator, and change nothing the second time", async () => {
    await kubectl("apply", "-k", crd);
    await kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all");
    await kubectl("apply", "-k", everything);
    for (const directory of [crd, everything]) {
      const lines = (await kubectl("apply", "-k", directory)).trim().split("\n");
      assert.deepEqual(
        // kubectl sends a budget's selector again and again: its patch strategy is "replace".
        lines.filter((line) => !line.endsWith(" unchanged") && !line.startsWith("poddisruptionbudget")),
        [],
      );
    }
    assert.equal((await run(path, ["diff", "-k", everything], { env: environment() })).code, 0);
  });

  step(
    "run replicas of the bundled program in the restricted namespace, ready before they lead",
    async () => {
      for (const name of ["replica-a", "replica-b"]) {
        const ports = { health: await freePort(), metrics: await freePort() };
        replicas.set(name, ports);
        const pod = operatorPod(await template(kubectl), { name, ports });
        await apply({ ...pod, metadata: { ...pod.metadata, namespace: NAMESPACE } });
      }
      for (const [name, { metrics }] of replicas) {
        await kubectl("wait", "--for=condition=Ready", `pod/${name}`, "-n", NAMESPACE, "--timeout=60s");
        const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
        assert.match(page, /^agent_operator_leader [01]$/m);
      }
      assert.ok(replicas.has(await leader(client)));
    },
  );

  step("serve AgentRuns in any namespace", async () => {
    await apply(aSecret("credentials", { "api-key": "any" }));
    await apply(aProvider("provider", { url: "http://127.0.0.1:9", secret: "credentials" }));
    await apply(aRun("before-hand-over", REPOSITORY, { providerRef: "provider" }));
    await succeeded("before-hand-over");
  });

  step("hand the Lease over at once when the leading replica is asked to end", async () => {
    const first = await leader(client);
    const startedAt = performance.now();
    await kubectl("delete", "pod", first, "-n", NAMESPACE, "--wait=false");
    const lease = { namespace: NAMESPACE, name: "agent-operator" };
    await waitFor(client, leases, lease, ({ spec }) => {
      const holder = spec?.holderIdentity ?? "";
      return holder !== "" && !holder.startsWith(`${first}_`);
    });
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < HAND_OVER_MS, `the other one led only after ${tookMs} ms`);
    await apply(aRun("after-hand-over", REPOSITORY, { providerRef: "provider" }));
    await succeeded("after-hand-over");
  });

  step("clean up in the order of the guide, every AgentRun staying until its CRD goes", async () => {
    await apply(workspace("my-workspace"));
    await kubectl("wait", "--for=condition=Ready", "agentworkspace/my-workspace", "--timeout=60s");
    await apply(aRun("busy", REPOSITORY, { providerRef: "provider", prompt: "wait" }));
    await apply(onWorkspace("shared", "my-workspace"));
    for (const name of ["busy", "shared"]) {
      await waitFor(client, agentRuns, at(name), ({ status }) => status?.phase === "Running");
    }

    await kubectl("delete", "agentrun", "before-hand-over");
    await kubectl("delete", "-k", everything, "--timeout=60s");
    await waitForAbsence(client, namespaces, { name: NAMESPACE });
    const left = await kubectl("get", "clusterroles,clusterrolebindings", "-o", "name");
    assert.doesNotMatch(left, /agent-operator/);
    const { items } = await client.list(agentRuns, { namespace: "default" });
    assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), [
      "after-hand-over",
      "busy",
      "shared",
    ]);
    assert.equal((await client.list(agentWorkspaces, { namespace: "default" })).items.length, 1);

    await kubectl("delete", "-k", crd, "--timeout=60s");
    assert.equal((await kubectl("get", "crd", "-o", "name")).trim(), "");
    for (const name of ["busy", "shared"]) await waitForAbsence(client, jobs, at(name));
    for (const name of ["busy-workspace", "my-workspace-ws"])
      await waitForAbsence(client, persistentVolumeClaims, at(name));
  });

  /** Waits for nothing when an earlier step has failed. */
  function step(name: string, body: () => Promise<void>): void {
    it(name, async () => {
      assert.ok(!failed, "an earlier step failed");
      failed = true;
      await body();
      failed = false;
    });
  }

  function at(name: string): { namespace: string; name: string } {
    return { namespace: "default", name };
  }

  function succeeded(name: string): Promise<unknown> {
    return waitFor(client, agentRuns, at(name), ({ status }) => status?.phase === "Succeeded");
  }
});

/** The pod template of the Deployment as the cluster stored it. */
async function template(kubectl: Kubectl): Promise<Template> {
  const text = await kubectl("get", "deployment", "agent-operator", "-n", NAMESPACE, "-o", "json");
  const deployment = JSON.parse(text) as { spec: { replicas: number; template: Template } };
  assert.equal(deployment.spec.replicas, 2);
  return deployment.spec.template;
}

/** The pod that holds the Lease. */
async function leader(client: Client): Promise<string> {
  const lease = { namespace: NAMESPACE, name: "agent-operator" };
  const { spec } = await waitFor(client, leases, lease, (held) => Boolean(held.spec?.holderIdentity));
  return spec?.holderIdentity?.split("_")[0] ?? "";
}

function workspace(name: string): object {
  return {
    apiVersion: "agent.xonovex.com/v1alpha1",
    kind: "AgentWorkspace",
    metadata: { name },
    spec: { repository: { url: REPOSITORY, branch: "main" }, storageClass: "nfs-csi" },
  };
}

function onWorkspace(name: string, workspaceRef: string): object {
  const { apiVersion, kind, spec } = aRun(name, REPOSITORY, { providerRef: "provider", prompt: "wait" });
  const { repository: _, ...rest } = spec;
  return {
    apiVersion,
    kind,
    metadata: { name },
    spec: { ...rest, workspaceRef, worktree: { branch: name } },
  };
}
