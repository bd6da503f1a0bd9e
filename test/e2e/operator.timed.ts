import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { describe, it } from "node:test";
import { agentProviders } from "../../src/api/resources.ts";
import { leases } from "../../src/kube/builtin.ts";
import { useCluster } from "../support/cluster.ts";
import { aProvider } from "../support/objects.ts";
import { shippedProgram } from "../support/program.ts";
import { projectRoot } from "../support/project-files.ts";
import type { RunningProgram } from "../support/run.ts";
import { start } from "../support/run.ts";
import { waitFor } from "../support/wait-for.ts";

describe("agent-operator operator", { concurrency: false, timeout: 120_000 }, () => {
  const cluster = useCluster({ operator: false });

  it("tells its health and metrics at the addresses of its flags, works, and ends in order", async () => {
    const [health, metrics] = [await freePort(), await freePort()];
    await using operator = startOperator(cluster.kubeconfig, [
      `--health-probe-bind-address=127.0.0.1:${health}`,
      `--metrics-bind-address=127.0.0.1:${metrics}`,
      "--namespace",
      cluster.namespace,
    ]);
    await operator.waitForOutput(/"message":"caches are synced; reconciling"/);
    for (const path of ["healthz", "readyz"]) {
      assert.equal((await fetch(`http://127.0.0.1:${health}/${path}`)).status, 200, path);
    }
    assert.match(
      await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(),
      /^# TYPE \w+ (?:counter|gauge|histogram)$/m,
    );
    await createProvider("seen");
    await untilSeen("seen");
    operator.kill("SIGTERM");
    const { code, stdout, stderr } = await operator.ended;
    assert.equal(code, 0, stderr);
    for (const line of stdout.trim().split("\n")) assert.equal(typeof JSON.parse(line), "object", line);
  });

  it("lets one of two replicas work, and the other one at once when the first ends", async () => {
    const args = ["--leader-elect", "--health-probe-bind-address=0", "--metrics-bind-address=0"];
    await using first = startOperator(cluster.kubeconfig, args);
    await first.waitForOutput(/"message":"caches are synced; reconciling"/);
    const lease = { namespace: "default", name: "agent-operator" };
    const held = await waitFor(cluster.client, leases, lease, ({ spec }) => Boolean(spec?.holderIdentity));
    await using second = startOperator(cluster.kubeconfig, args);
    first.kill("SIGTERM");
    await first.ended;
    const handedOver = performance.now();
    await second.waitForOutput(/"message":"caches are synced; reconciling"/);
    assert.ok(performance.now() - handedOver < 5_000, "the lease was handed over, not waited for");
    const taken = await cluster.client.get(leases, lease);
    assert.notEqual(taken.spec?.holderIdentity, held.spec?.holderIdentity);
    await createProvider("after-hand-over");
    await untilSeen("after-hand-over");
    second.kill("SIGTERM");
    assert.equal((await second.ended).code, 0);
  });

  it("says what is wrong where it cannot start", async () => {
    const port = await freePort();
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    const taken = await startOperator(cluster.kubeconfig, [
      `--metrics-bind-address=127.0.0.1:${port}`,
      "--health-probe-bind-address=0",
    ]).ended;
    server.close();
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, new RegExp(`^agent-operator: .*${port}.*in use`, "im"));

    const lost = await startOperator("/nonexistent/kubeconfig", []).ended;
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /no kubeconfig at \/nonexistent\/kubeconfig; set KUBECONFIG/);
  });

  async function createProvider(name: string): Promise<void> {
    const provider = aProvider(name, { url: "http://127.0.0.1:9", secret: "none" });
    const { namespace } = cluster;
    await cluster.client.create(agentProviders, { ...provider, metadata: { name, namespace } });
  }

  async function untilSeen(name: string): Promise<void> {
    const at = { namespace: cluster.namespace, name };
    await waitFor(cluster.client, agentProviders, at, ({ status }) => status?.ready === false);
  }
});

function startOperator(kubeconfig: string, args: string[]): RunningProgram {
  return start(process.execPath, [shippedProgram, "operator", ...args], {
    cwd: projectRoot,
    env: { ...process.env, KUBECONFIG: kubeconfig },
    timeoutMs: 60_000,
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}
