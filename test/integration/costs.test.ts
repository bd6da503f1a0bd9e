import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { provider, secret } from "../../bench/support/objects.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import {
  agentNotifiers,
  agentProviders,
  agentRuns,
  agentTriggers,
  OUR_RESOURCES,
} from "../../src/api/resources.ts";
import { jobs, namespaces, pods, secrets, type Job, type Pod } from "../../src/kube/builtin.ts";
import { createLog } from "../../src/runtime/log.ts";
import { projectRoot } from "../support/project-files.ts";
import { startRunPlane, type RunPlane } from "../support/run-plane.ts";
import { countTraffic, type Traffic } from "../support/traffic.ts";
import { waitFor } from "../support/wait-for.ts";

/** Counts, not times: they are the same on every machine, so that a change of them is a change of the program. */
describe("what one run costs", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let plane: RunPlane;
  let takeTraffic: () => Traffic;
  let first: Traffic;
  let reconciles = 0;

  before(async () => {
    plane = await startRunPlane(stack);
    const counted = countTraffic(plane.transport);
    takeTraffic = counted.take;
    const log = createLog({
      level: "debug",
      write: (line) => (reconciles += Number(/"controller":"agentrun".*"message":"reconciled"/.test(line))),
    });
    await plane.startOperator({ transport: counted.transport, log });
    first = takeTraffic();
  });
  after(() => stack.disposeAsync());

  /** What watches still have to say of earlier runs is not of the next ones. */
  async function quiet(): Promise<void> {
    do {
      takeTraffic();
      await sleep(100);
    } while (takeTraffic().watchedBytes > 0);
  }

  /** Everything from the runs' creation to their last event. */
  async function trafficOf(names: readonly string[], spec: Partial<AgentRun["spec"]> = {}): Promise<Traffic> {
    await quiet();
    await plane.carryOut(names, spec);
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
    const { admin, namespace } = plane;
    const { status } = await admin.get(agentRuns, { namespace, name: "first" });
    assert.equal(status?.phase, "Succeeded", status?.message);
  });

  it("is the same for each of many at once, beside those that have ended", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `more-${index}`);
    reconciles = 0;
    const { requests } = await trafficOf(names);
    // When it is made, and with each change of its pod; not with those of its Job.
    assert.ok(
      reconciles > 3 * names.length,
      `${reconciles} reconciles of ${names.length} runs are too few to be true`,
    );
    assert.ok(reconciles < 8 * names.length, `${reconciles} reconciles of ${names.length} runs`);
    const expected = Object.entries(onceForEachRun).map(([name, count]) => [name, count * names.length]);
    assert.deepEqual(requests, Object.fromEntries(expected));
  });

  it("is one look at a Secret for all that name it", async () => {
    const metadata = { name: "inline", namespace: plane.namespace };
    await plane.admin.create(secrets, { metadata, stringData: { key: "none" } });
    const names = Array.from({ length: 20 }, (_, index) => `inline-${index}`);
    const inline = { name: "inline", authSecretRef: { name: "inline", key: "key" } };
    const { requests } = await trafficOf(names, { providerRef: undefined, provider: inline });
    assert.equal(requests["GET secrets"], 1);
  });

  it("writes the Job once and reads it back never, and a little for all the rest", async () => {
    const { writtenBytes, readBytes, watchedBytes } = await trafficOf(["bytes"]);
    const job = await plane.admin.get(jobs, { namespace: plane.namespace, name: "bytes" });
    const largest = JSON.stringify(job.spec).length;
    const written = `${writtenBytes} bytes written, of which the Job's spec is ${largest}`;
    assert.ok(writtenBytes < largest + 10_000, written);
    assert.ok(readBytes < 25_000, `${readBytes} bytes read besides the watches`);
    // The pod comes as it is made, at three steps and when its Job lets it go; of the Job its metadata alone.
    const received = `${watchedBytes} bytes of watch events, ${readBytes} of other answers`;
    assert.ok(watchedBytes > 5 * largest && watchedBytes < 80_000, received);
    // A third of what it was when the scripts were in the Job.
    assert.ok(watchedBytes + readBytes < (273_394 + 23_065) / 3, received);
  });

  it("is a light Job and pod for the sample of the documents", async () => {
    const text = await readFile(join(projectRoot, "config/samples/review-codebase.yaml"), "utf8");
    const sample = parse(text) as AgentRun;
    await plane.carryOut(["sample"], { ...sample.spec, providerRef: provider.metadata.name });
    const { admin, namespace } = plane;
    const job = await admin.get(jobs, { namespace, name: "sample" });
    const { items } = await admin.list(pods, { namespace, labelSelector: "job-name=sample" });
    assert.equal(items.length, 1);
    const sizeAsCreated = (made: Job | Pod): number =>
      JSON.stringify({ ...made, metadata: { ...made.metadata, managedFields: [] }, status: {} }).length;
    const [ofJob, ofPod] = [sizeAsCreated(job), sizeAsCreated(items[0] as Pod)];
    assert.ok(ofJob <= 8 * 1024, `its Job has ${ofJob} bytes`);
    assert.ok(ofPod <= 10 * 1024, `its pod has ${ofPod} bytes`);
  });

  it("is nothing more once it has ended", async () => {
    const { admin, namespace } = plane;
    const labels = { seen: "yes" };
    takeTraffic();
    // Wakes the finished run's reconcile, which is over before that of a run that comes later.
    await admin.patch(agentRuns, { namespace, name: "first" }, { metadata: { labels } });
    await plane.carryOut(["later"]);
    assert.deepEqual(takeTraffic().requests, onceForEachRun);
  });

  it("needs the same few watches, however many namespaces and providers there are", async () => {
    const { admin } = plane;
    takeTraffic();
    const names = Array.from({ length: 1_000 }, (_, index) => `team-${index}`);
    await Promise.all(names.map((name) => admin.create(namespaces, { metadata: { name } })));
    await Promise.all(
      names.slice(0, 100).map(async (name) => {
        const inNamespace = { ...provider.metadata, namespace: name };
        await admin.create(secrets, { ...secret, metadata: { ...secret.metadata, namespace: name } });
        await admin.create(agentProviders, { ...provider, metadata: inNamespace });
        await waitFor(
          admin,
          agentProviders,
          { namespace: name, name: inNamespace.name ?? "" },
          ({ status }) => status?.ready === true,
        );
      }),
    );
    await plane.carryOut(["among-many"]);
    assert.deepEqual(takeTraffic().watches, {});
    // The events component watches triggers and notifiers.
    const others: readonly unknown[] = [agentTriggers, agentNotifiers];
    const resources = OUR_RESOURCES.filter((type) => !others.includes(type)).map(({ plural }) => plural);
    const builtIn = ["pods", "persistentvolumeclaims", "secrets"];
    const once = Object.fromEntries([...resources, ...builtIn].map((each) => [each, 1]));
    // Those Jobs of which only the metadata is watched, and the others.
    assert.deepEqual(first.watches, { ...once, jobs: 2, namespaces: 1 });
  });
});

describe("what one run allocates", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  after(() => stack.disposeAsync());

  it("is at most 2.4 MB of JavaScript's heap, its requests and watch events included", async () => {
    const { listening, namespace, operatorWorks, carryOut } = await startRunPlane(stack);
    const program = fileURLToPath(new URL("../support/operator-allocations.ts", import.meta.url));
    const operator = fork(program, [listening.kubeconfigPath ?? "", namespace]);
    stack.defer(() => {
      operator.kill("SIGKILL");
    });
    const failed = once(operator, "exit").then(([code]) =>
      Promise.reject(new Error(`it ended with ${code}`)),
    );
    failed.catch(() => undefined);
    const answered = async (): Promise<unknown> =>
      (await Promise.race([once(operator, "message"), failed]))[0];
    assert.equal(await answered(), "working");
    await operatorWorks();
    // What is loaded and compiled once is no run's.
    await carryOut(Array.from({ length: 10 }, (_, index) => `before-${index}`));
    operator.send("begin");
    assert.equal(await answered(), "counting");
    const names = Array.from({ length: 30 }, (_, index) => `counted-${index}`);
    await carryOut(names);
    operator.send("end");
    const bytes = Number(await answered()) / names.length;
    assert.ok(bytes > 100_000, `${bytes} bytes a run are too few to be true`);
    assert.ok(bytes < 2_400_000, `${bytes} bytes a run`);
  });
});
