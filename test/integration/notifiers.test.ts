import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentNotifier, AgentNotifierSpec } from "../../src/api/agent-notifier.ts";
import type { AgentRun, AgentRunStatus } from "../../src/api/agent-run.ts";
import { findCondition } from "../../src/api/conditions.ts";
import { agentNotifiers, agentRuns, agentTriggers } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import type { Transport } from "../../src/client/transport.ts";
import { type EventsComponent, startEvents } from "../../src/events/events.ts";
import { configMaps, events, secrets } from "../../src/kube/builtin.ts";
import { timestamp } from "../../src/kube/time.ts";
import { createLog } from "../../src/runtime/log.ts";
import { sha256 } from "../support/deliveries.ts";
import { aSecret } from "../support/objects.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { type LoopbackSink, type SinkRequest, startSink } from "../support/sink.ts";
import { waitFor } from "../support/wait-for.ts";

const SECRET = "s3cret-of-the-sink";

interface CloudEvent {
  id: string;
  source: string;
  type: string;
  subject: string;
  data: { name: string; phase?: string; triggers: string[] } & Record<string, unknown>;
}

const read = ({ body }: SinkRequest): CloudEvent => JSON.parse(body) as CloudEvent;
const about =
  (name: string, what = "succeeded") =>
  (request: SinkRequest): boolean =>
    read(request).data.name === name && read(request).type === `com.xonovex.agent.run.${what}`;

describe("notifiers", { timeout: 180_000 }, () => {
  const stack = new AsyncDisposableStack();
  let client: Client;
  let transport: Transport;
  let namespace: string;
  let sink: LoopbackSink;

  const start = async (
    more: { allowLocalUrls?: boolean; refused?: string[] } = {},
  ): Promise<EventsComponent> => {
    const component = await startEvents({
      transport,
      namespaces: [namespace],
      leaseNamespace: namespace,
      hooksBindAddress: "127.0.0.1:0",
      healthProbeBindAddress: "0",
      metricsBindAddress: "0",
      allowLocalUrls: more.allowLocalUrls ?? true,
      apiServerAddresses: more.refused ?? [],
      log: createLog({ level: "silent" }),
    });
    await component.working;
    return component;
  };

  let component: EventsComponent;
  before(async () => {
    ({ admin: client, namespace, transport } = await startRunPlane(stack));
    await client.create(secrets, {
      ...aSecret("sink", { secret: `${SECRET}\n`, url: "https://hooks.example.com/services/T0/B0/s3cret" }),
      metadata: { name: "sink", namespace },
    });
    component = await start();
    stack.defer(() => component.stop());
  });
  after(() => stack.disposeAsync());
  beforeEach(async () => {
    sink = await startSink();
    stack.use(sink);
  });

  const until = (name: string, condition: (notifier: AgentNotifier) => boolean): Promise<AgentNotifier> =>
    waitFor(client, agentNotifiers, { namespace, name }, condition);
  const readyOf = ({ status }: AgentNotifier): string =>
    findCondition(status?.conditions, "Ready")?.reason ?? "none";

  /** A notifier of the runs with its own label, which has been seen. */
  async function aNotifier(name: string, more: Partial<AgentNotifierSpec> = {}): Promise<void> {
    const spec: AgentNotifierSpec = {
      runSelector: { matchLabels: { for: name } },
      sink: { format: "CloudEvents", url: sink.url, secretRef: { name: "sink", key: "secret" } },
      ...more,
    };
    await client.create(agentNotifiers, { metadata: { name, namespace }, spec });
    await until(name, (found) => readyOf(found) !== "none" && readyOf(found) !== "Unknown");
  }

  async function aRun(name: string, label: string, status?: Partial<AgentRunStatus>): Promise<AgentRun> {
    const metadata = { name, namespace, labels: { for: label } };
    const made = await client.create(agentRuns, { metadata, spec: runNamed(name).spec });
    return status ? told(name, status) : made;
  }

  const told = (name: string, status: Partial<AgentRunStatus>): Promise<AgentRun> =>
    client.patch<AgentRun>(
      agentRuns,
      { namespace, name, subresource: "status" } as never,
      { status },
      { type: "merge", subresource: "status" },
    );
  const now = (): string => timestamp(Date.now());
  const ended = (phase: "Succeeded" | "Failed" = "Succeeded"): Partial<AgentRunStatus> => ({
    phase,
    reason: phase === "Succeeded" ? "Completed" : "AgentFailed",
    message: "All done.",
    startTime: now(),
    completionTime: now(),
  });

  it("tells of a run's start and end, signed, once, and of no other's", async () => {
    await aRun("before", "life", ended());
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await aNotifier("life", { events: ["Started", "Succeeded"] });
    await aRun("other", "none", ended());
    await aRun("wrong-end", "life", ended("Failed"));
    const run = await aRun("right", "life", { phase: "Initializing", startTime: now() });
    const first = await sink.until(about("right", "started"));
    await told("right", ended());
    const last = await sink.until(about("right"));
    for (const { headers, body } of [first, last]) {
      assert.equal(headers["content-type"], "application/cloudevents+json");
      assert.equal(headers["x-signature-256"], sha256(SECRET, body));
    }
    const { id, source, subject, data } = read(last);
    assert.equal(id, `${run.metadata.uid}.Succeeded`);
    assert.equal(source, `/apis/agent.xonovex.com/v1alpha1/namespaces/${namespace}/agentruns`);
    assert.deepEqual([subject, data.phase, data["message"]], ["right", "Succeeded", "All done."]);
    const { status } = await until(
      "life",
      (found) => found.status?.lastEvent === "Succeeded" && found.status.pending === 0,
    );
    assert.equal(status?.lastRun, "right");
    // "wrong-end" has started too.
    assert.deepEqual(
      sink.seen
        .map(read)
        .map((each) => `${each.subject} ${each.type.split(".").at(-1)}`)
        .toSorted(),
      ["right started", "right succeeded", "wrong-end started"],
    );
  });

  it("sends again what was not taken, to a corrected address too, and shows why", async () => {
    let count = 0;
    sink.answer = () => [503, undefined, 202][count++];
    await aNotifier("again");
    await aRun("again-1", "again", ended());
    await sink.until(() => count === 3);
    assert.equal(new Set(sink.seen.map(({ body }) => body)).size, 1, "byte for byte");
    await until("again", (found) => readyOf(found) === "Notifying" && found.status?.pending === 0);

    sink.answer = () => 302;
    await aRun("again-2", "again", ended());
    const failed = await until("again", (found) => readyOf(found) === "SinkRefused");
    assert.equal(failed.status?.pending, 1);
    assert.equal(
      findCondition(failed.status?.conditions, "Stalled")?.message,
      "the sink answers with 302, which is not followed",
    );
    const another = stack.use(await startSink());
    await client.patch(
      agentNotifiers,
      { namespace, name: "again" },
      { spec: { sink: { url: another.url } } },
      { type: "merge" },
    );
    await another.until(about("again-2"));
    await until("again", (found) => readyOf(found) === "Notifying");
    assert.ok(sink.seen.every(({ path }) => path === "/in"));
    const reasons = (await client.list(events, { namespace })).items.map(({ reason }) => reason);
    assert.ok(reasons.includes("SinkRefused"));
  });

  it("lets an event that the sink does not want hold up no other", async () => {
    sink.answer = (request) => (read(request).subject === "bad" ? 422 : 202);
    await aNotifier("mixed");
    await aRun("bad", "mixed", ended());
    await sink.until(about("bad"));
    for (const name of ["good-1", "good-2", "good-3"]) {
      await aRun(name, "mixed", ended());
      await sink.until(about(name));
    }
    const { status } = await until("mixed", (found) => found.status?.lastRun === "good-3");
    assert.equal(status?.pending, 1);
    assert.match(
      findCondition(status?.conditions, "Ready")?.message ?? "",
      /422 to Succeeded of AgentRun bad/,
    );
  });

  it("tells of no old run by another selector, of a deleted one still, and again after a restart of nothing", async () => {
    await aNotifier("record", { runSelector: { matchLabels: { for: "nobody" } } });
    const old = await aRun("old", "record", ended());
    const record = { namespace, name: "record-sent" };
    await waitFor(client, configMaps, record, ({ data }) => data?.[old.metadata.uid ?? ""] === "2");
    await client.patch(
      agentNotifiers,
      { namespace, name: "record" },
      { spec: { runSelector: { matchLabels: { for: "record" } } } },
      { type: "merge" },
    );
    sink.answer = () => 500;
    const gone = await aRun("gone", "record", ended());
    await until("record", (found) => found.status?.pending === 1);
    await client.delete(agentRuns, { namespace, name: "gone" });
    sink.answer = () => 200;
    await waitFor(client, configMaps, record, () => sink.seen.length > 1);
    await until("record", (found) => found.status?.pending === 0);
    assert.ok(sink.seen.every(about("gone")));

    const count = sink.seen.length;
    await component.stop();
    await aRun("meanwhile", "record", ended());
    component = await start();
    await sink.until(about("meanwhile"));
    await until("record", (found) => found.status?.lastRun === "meanwhile");
    assert.equal(sink.seen.length, count + 1);
    const { data = {} } = await client.get(configMaps, record);
    assert.equal(data[gone.metadata.uid ?? ""], undefined, "what is gone leaves no entry");
  });

  it("waits for its Secret, shows no URL that is secret, and leaves another's ConfigMap alone", async () => {
    await client.create(configMaps, { metadata: { name: "taken-sent", namespace }, data: { theirs: "x" } });
    await aNotifier("taken");
    await until("taken", (found) => readyOf(found) === "NameTaken");
    assert.deepEqual((await client.get(configMaps, { namespace, name: "taken-sent" })).data, { theirs: "x" });

    await aNotifier("unsigned", { sink: { format: "CloudEvents", url: sink.url } });
    await aRun("unsigned-1", "unsigned", ended());
    assert.equal((await sink.until(about("unsigned-1"))).headers["x-signature-256"], undefined);

    await aNotifier("secretless", {
      sink: { format: "CloudEvents", url: sink.url, secretRef: { name: "sink", key: "none" } },
    });
    await aRun("secretless-1", "secretless", ended());
    const waiting = await until("secretless", (found) => readyOf(found) === "KeyNotFound");
    assert.equal(waiting.status?.pending, 1);

    await aNotifier("slack-url", { sink: { format: "Slack", secretRef: { name: "sink", key: "url" } } });
    await aRun("slack-url-1", "slack-url", ended());
    const { status } = await until("slack-url", (found) => readyOf(found).startsWith("Sink"));
    assert.doesNotMatch(JSON.stringify(status), /example|s3cret|services/);
  });

  it("goes to no address of this machine, its link or the API server, whatever name leads there", async () => {
    await component.stop();
    component = await start({ allowLocalUrls: false, refused: ["192.0.2.7"] });
    const { port } = new URL(sink.url);
    const hosts = [
      "127.0.0.1",
      "localhost",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "0x7f.1",
      "2130706433",
      "0.0.0.0",
      "169.254.169.254",
      "[fe80::1]",
      "192.0.2.7",
    ];
    for (const [index, host] of hosts.entries()) {
      const name = `local-${index}`;
      await aNotifier(name, { sink: { format: "CloudEvents", url: `http://${host}:${port}/` } });
      await aRun(name, name, ended());
      await until(name, (found) => readyOf(found) === "SinkNotAllowed");
    }
    assert.deepEqual(sink.seen, []);
    await component.stop();
    component = await start();
    await sink.until(about("local-0"));
  });

  it("feeds a trigger, which starts one run for an event and none for that run's own end", async () => {
    const { spec } = runNamed("any");
    await client.create(agentTriggers, {
      metadata: { name: "fed", namespace },
      spec: {
        webhook: { source: "CloudEvents", secretRef: { name: "sink", key: "secret" } },
        when: "event.type == 'com.xonovex.agent.run.succeeded'",
        runTemplate: {
          metadata: { labels: { for: "feed" } },
          spec: { ...spec, prompt: "After ${event.subject}" },
        },
      },
    });
    const at = { namespace, name: "fed" };
    await waitFor(client, agentTriggers, at, ({ status }) => status?.conditions?.[0]?.status === "True");
    await aNotifier("feed", {
      sink: {
        format: "CloudEvents",
        url: `http://127.0.0.1:${component.port}/hooks/${namespace}/fed`,
        secretRef: { name: "sink", key: "secret" },
      },
    });
    await aRun("feed-1", "feed", ended());
    const { status } = await waitFor(
      client,
      agentTriggers,
      at,
      (found) => found.status?.lastRun !== undefined,
    );
    const run = await client.get(agentRuns, { namespace, name: status?.lastRun ?? "" });
    assert.equal(run.spec.prompt, "After feed-1");
    await told(run.metadata.name ?? "", ended());
    const refused = await waitFor(
      client,
      agentTriggers,
      at,
      (found) => found.status?.deliveries?.[0]?.reason === "OwnEvent",
    );
    assert.equal(refused.status?.deliveries?.length, 2);
    const { items } = await client.list(agentRuns, {
      namespace,
      labelSelector: "agent.xonovex.com/trigger=fed",
    });
    assert.equal(items.length, 1);
  });
});
