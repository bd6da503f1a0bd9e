import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { agentRuns } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { customResourceDefinitions } from "../../src/kube/cluster-kinds.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { resourceType } from "../../src/kube/resources.ts";
import { locateTool } from "../../scripts/tools.ts";
import { aRun } from "../support/objects.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

interface Deployment extends KubeObject {
  spec: { replicas: number };
}

const deployments = resourceType<Deployment>("apps", "v1", "deployments", "Deployment");
const CHART = join(projectRoot, "charts", "agent-operator");
const OLDER_DESCRIPTION = /"as it was before"/;
const NAMESPACE = "agents";
const NAME = "agent-operator";
const CRD = "agentruns.agent.xonovex.com";

describe("the Helm chart on a cluster", { concurrency: false, timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let client: Client;
  let older: string;
  let helm: (...args: string[]) => Promise<string>;
  let kubectl: (...args: string[]) => Promise<string>;

  before(
    async () => {
      const directory = stack.use(await temporaryDirectory());
      const cluster = await startDevCluster({
        dataDir: join(directory.path, "cluster"),
        stopGraceSeconds: 0,
      });
      stack.defer(() => cluster.stop());
      client = createClient(cluster.transport);
      const path = await locateTool("helm");
      const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath, HOME: directory.path };
      older = await olderRelease(join(directory.path, "older"));
      const kubectlPath = await locateTool("kubectl");
      kubectl = (...args) => runOk(kubectlPath, args, { env, timeoutMs: 60_000 });
      helm = (...args) => runOk(path, args, { env, timeoutMs: 60_000 });
    },
    { timeout: 60_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 60_000 });

  it("is installed with its CRDs", async () => {
    const notes = await helm("install", NAME, older, "--namespace", NAMESPACE, "--create-namespace");
    assert.match(notes, /kubectl -n agents rollout status deployment\/agent-operator/);
    assert.equal((await deployment()).spec.replicas, 2);
    const run = aRun("kept", "https://git.example.com/org/repo.git");
    await client.create(agentRuns, { ...run, metadata: { name: "kept", namespace: NAMESPACE } });
  });

  it("is upgraded with its CRDs", async () => {
    assert.match(await definition(), OLDER_DESCRIPTION);
    await helm("upgrade", NAME, CHART, "--namespace", NAMESPACE, "--set", "replicas=3");
    assert.equal((await deployment()).spec.replicas, 3);
    assert.doesNotMatch(await definition(), OLDER_DESCRIPTION);
  });

  it("is rolled back", async () => {
    await helm("rollback", NAME, "1", "--namespace", NAMESPACE);
    assert.equal((await deployment()).spec.replicas, 2);
    assert.match(await definition(), OLDER_DESCRIPTION);
  });

  it("is uninstalled, the CRDs and every AgentRun staying", async () => {
    await helm("uninstall", NAME, "--namespace", NAMESPACE);
    await assert.rejects(deployment(), { code: 404 });
    assert.equal((await client.list(agentRuns, { namespace: NAMESPACE })).items.length, 1);
  });

  for (const [namespace, flags] of [
    ["agent-operator-system", ["--take-ownership", "--force-conflicts"]],
    ["others", ["--take-ownership", "--force-conflicts"]],
    ["others", ["--set", "crds.install=false"]],
  ] as const) {
    it(`is installed into ${namespace} where kubectl has put the CRDs, with ${flags.join(" ")}`, async () => {
      const crd = join(projectRoot, "config", "crd");
      await kubectl("delete", "--ignore-not-found", "-k", crd);
      await kubectl("apply", "-k", crd);
      const install = ["install", NAME, CHART, "--namespace", namespace, "--create-namespace"];
      await assert.rejects(helm(...install), /invalid ownership metadata/);
      await helm(...install, ...flags);
      await helm("uninstall", NAME, "--namespace", namespace);
    });
  }

  async function definition(): Promise<string> {
    return JSON.stringify(await client.get(customResourceDefinitions, { name: CRD }));
  }

  function deployment(): Promise<Deployment> {
    return client.get(deployments, { namespace: NAMESPACE, name: NAME });
  }
});

/** The chart as an earlier release may have been: one CRD says something else. */
async function olderRelease(directory: string): Promise<string> {
  await cp(CHART, directory, { recursive: true });
  const file = join(directory, "templates", "crd-agentruns.yaml");
  const text = await readFile(file, "utf8");
  const changed = text.replace(
    /^( +)openAPIV3Schema:\n +description: .*$/m,
    "$1openAPIV3Schema:\n$1  description: as it was before",
  );
  assert.notEqual(changed, text);
  await writeFile(file, changed);
  return directory;
}
