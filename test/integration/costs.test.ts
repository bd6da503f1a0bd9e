import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { playPods } from "../../bench/support/kubelet.ts";
import { provider, runNamed, secret } from "../../bench/support/objects.ts";
import { startControlPlane } from "../../bench/support/control-plane.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import type { Transport } from "../../src/client/transport.ts";
import { watchResource } from "../../src/client/watch.ts";
import { events, jobs, namespaces, secrets } from "../../src/kube/builtin.ts";
import { installDefinitions } from "../../src/local/install.ts";
import { startOperator } from "../../src/operator/operator.ts";
import { createLog } from "../../src/runtime/log.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { resourceOf } from "../../src/runtime/metrics.ts";
import { projectRoot } from "../support/project-files.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor } from "../support/wait-for.ts";

const namespace = "costs";
const EVENTS_OF_A_RUN = 3;

/** What was sent through a transport since it was last asked; watches apart. */
interface Traffic {
  requests: Record<string, number>;
  writtenBytes: number;
}

/** Counts, not times: they are the same on every machine, so that a change of them is a change of the program. */
describe("what one run costs", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  let admin: Client;
  let takeTraffic: () => Traffic;

  before(async () => {
    const directory = stack.use(await temporaryDirectory());
    const plane = await startControlPlane(join(directory.path, "cluster"));
    stack.defer(() => plane.stop());
    admin = createClient(plane.transport);
    await installDefinitions(admin, join(projectRoot, "config"));
    await admin.create(namespaces, { metadata: { name: namespace } });
    await admin.create(secrets, { ...secret, metadata: { ...secret.metadata, namespace } });
    await admin.create(agentProviders, { ...provider, metadata: { ...provider.metadata, namespace } });
    const counted = countTraffic(plane.transport);
    takeTraffic = counted.take;
    const operator = await startOperator({
      transport: counted.transport,
      leaseNamespace: namespace,
      log: createLog({ level: "error" }),
      healthProbeBindAddress: "0",
      metricsBindAddress: "0",
    });
    stack.defer(() => operator.stop());
    await operator.working;
    await waitFor(
      admin,
      agentProviders,
      { namespace, name: provider.metadata.name ?? "" },
      ({ status }) => status?.ready === true,
    );
    const ending = new AbortController();
    stack.defer(() => ending.abort());
    void playPods({ client: admin, namespace, signal: ending.signal });
  });
  after(() => stack.disposeAsync());

  /** Everything from the run's creation to its last event. */
  async function trafficOf(names: readonly string[], spec: Partial<AgentRun["spec"]> = {}): Promise<Traffic> {
    takeTraffic();
    const told = untilEvents(admin, names.length * EVENTS_OF_A_RUN, names);
    await Promise.all(
      names.map((name) => {
        const run = { ...runNamed(name).spec, ...spec };
        return admin.create(agentRuns, { metadata: { name, namespace }, spec: run });
      }),
    );
    for (const name of names) await waitFor(admin, agentRuns, { namespace, name }, isFinished);
    await told;
    return takeTraffic();
  }

  const onceForEachRun = {
    "POST persistentvolumeclaims": 1,
    "POST jobs": 1,
    "PATCH agentruns/status": 3,
    "POST events": 3,
    "GET pods/log": 1,
  };

  it("is five writes, three events and one look at the log", async () => {
    const { requests } = await trafficOf(["first"]);
    assert.deepEqual(requests, onceForEachRun);
    const { status } = await admin.get(agentRuns, { namespace, name: "first" });
    assert.equal(status?.phase, "Succeeded", status?.message);
  });

  it("is the same for each of many at once, beside those that have ended", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `more-${index}`);
    const { requests } = await trafficOf(names);
    const expected = Object.entries(onceForEachRun).map(([name, count]) => [name, count * names.length]);
    assert.deepEqual(requests, Object.fromEntries(expected));
  });

  it("is one look at a Secret for all that name it", async () => {
    await admin.create(secrets, { metadata: { name: "inline", namespace }, stringData: { key: "none" } });
    const names = Array.from({ length: 20 }, (_, index) => `inline-${index}`);
    const inline = { name: "inline", authSecretRef: { name: "inline", key: "key" } };
    const { requests } = await trafficOf(names, { providerRef: undefined, provider: inline });
    assert.equal(requests["GET secrets"], 1);
  });

  it("writes no more bytes than the Job, and a little for all the rest", async () => {
    const { writtenBytes } = await trafficOf(["bytes"]);
    const job = await admin.get(jobs, { namespace, name: "bytes" });
    const largest = JSON.stringify(job.spec).length;
    assert.ok(
      writtenBytes < largest + 10_000,
      `${writtenBytes} bytes, of which the Job's spec is ${largest}`,
    );
  });

  it("is nothing more once it has ended", async () => {
    const labels = { seen: "yes" };
    takeTraffic();
    // Wakes the finished run's reconcile, which is over before that of a run that comes later.
    await admin.patch(agentRuns, { namespace, name: "first" }, { metadata: { labels } });
    const run = runNamed("later");
    const told = untilEvents(admin, EVENTS_OF_A_RUN, ["later"]);
    await admin.create(agentRuns, { ...run, metadata: { ...run.metadata, namespace } });
    await told;
    await waitFor(admin, agentRuns, { namespace, name: "later" }, isFinished);
    assert.deepEqual(takeTraffic().requests, onceForEachRun);
  });
});

function countTraffic(transport: Transport): { transport: Transport; take: () => Traffic } {
  let traffic: Traffic = { requests: {}, writtenBytes: 0 };
  return {
    transport: (request) => {
      if (!/[?&]watch=/.test(request.path)) {
        const name = `${request.method} ${resourceOf(request.path)}`;
        traffic.requests[name] = (traffic.requests[name] ?? 0) + 1;
        traffic.writtenBytes += Buffer.byteLength(request.body ?? "");
      }
      return transport(request);
    },
    take: () => {
      const taken = traffic;
      traffic = { requests: {}, writtenBytes: 0 };
      return taken;
    },
  };
}

/** Resolves when so many events about these runs exist: they are written beside the reconciles. */
async function untilEvents(client: Client, count: number, names: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  const signal = AbortSignal.timeout(30_000);
  for await (const event of watchResource(client, events, { namespace, signal })) {
    if (event.kind !== "upsert" || !names.includes(event.object.regarding?.name ?? "")) continue;
    if (event.object.regarding?.kind === "AgentRun") seen.add(event.object.metadata.name ?? "");
    if (seen.size === count) return;
  }
  throw new Error(`only ${seen.size} of ${count} events were written`);
}
