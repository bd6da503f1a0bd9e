import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../src/client/client.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { resourceType } from "../../src/kube/resources.ts";
import { OPERATOR_NAMESPACE } from "../../src/local/service-account.ts";
import { locateTool } from "../../scripts/tools.ts";
import { createKubectl } from "../support/kubectl.ts";
import { overlay } from "../support/kustomize.ts";
import { aRun } from "../support/objects.ts";
import { freePort } from "../support/free-port.ts";
import { shippedProgram } from "../support/program.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk, start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const services = resourceType("", "v1", "services", "Service");
const configurations = resourceType(
  "admissionregistration.k8s.io",
  "v1",
  "validatingwebhookconfigurations",
  "ValidatingWebhookConfiguration",
  false,
);
const WARNING = "Warning: the run will wait: AgentProvider nowhere does not exist yet";
const ANSWER_LIMIT_MS = 20_000;

describe("admission webhooks of the shipped program", { timeout: 60_000 }, () => {
  it("warn kubectl's user, with certificates that the program made", async () => {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await temporaryDirectory());
    const cluster = await startDevCluster({ dataDir: join(directory.path, "cluster"), stopGraceSeconds: 0 });
    stack.defer(() => cluster.stop());
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath, POD_NAMESPACE: OPERATOR_NAMESPACE };
    const path = await locateTool("kubectl");
    await runOk(path, ["apply", "-k", join(projectRoot, "config", "crd")], { env });
    await runOk(path, ["apply", "-f", "-"], { env, input: await overlay(["webhooks"]) });

    const client = createClient(cluster.transport);
    const port = await freePort();
    // A Service that stands for this machine.
    const spec = { type: "ExternalName", externalName: "localhost", selector: null, ports: null };
    await client.patch(services, { namespace: OPERATOR_NAMESPACE, name: "agent-operator-webhook" }, { spec });
    const change = [{ op: "replace", path: "/webhooks/0/clientConfig/service/port", value: port }];
    await client.patch(configurations, { name: "agent-operator" }, change, { type: "json" });

    const addresses = ["--health-probe-bind-address=0", "--metrics-bind-address=0"];
    const operator = stack.use(
      start(process.execPath, [shippedProgram, "operator", ...addresses, `--webhook-bind-address=:${port}`], {
        env,
        timeoutMs: 50_000,
      }),
    );
    await operator.waitForOutput(/"message":"caches are synced; reconciling"/);
    const kubectl = await createKubectl(cluster.kubeconfigPath, "default");
    const input = JSON.stringify(
      aRun("waits", "https://git.example.com/org/repo.git", { providerRef: "nowhere" }),
    );
    const deadline = performance.now() + ANSWER_LIMIT_MS;
    for (let said = ""; !said.includes(WARNING); await sleep(100)) {
      assert.ok(
        performance.now() < deadline,
        `no warning:\n${said}\n${operator.output.stderr}${operator.output.stdout}`,
      );
      said = (await kubectl.attempt(["create", "--dry-run=server", "-f", "-"], { input })).stderr;
    }
  });
});
