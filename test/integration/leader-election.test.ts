import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type Client } from "../../src/client/client.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { leases } from "../../src/kube/builtin.ts";
import { createLeaderElection } from "../../src/runtime/leader-election.ts";
import type { LeaderElection, LeaderElectionOptions } from "../../src/runtime/leader-election.ts";
import { createLog } from "../../src/runtime/log.ts";
import { NotLeadingError } from "../../src/runtime/retry.ts";
import { startTestApiServer, throughRelay } from "../support/api-server.ts";
import type { TestApiServer } from "../support/api-server.ts";
import { startChaosProxy } from "../support/chaos-proxy.ts";

const stack = new AsyncDisposableStack();
let server: TestApiServer;
before(async () => void (server = await startTestApiServer(stack, "HTTP/2")), { timeout: 20_000 });
after(() => stack.disposeAsync(), { timeout: 20_000 });

const timing = { leaseDurationMs: 1_000, renewDeadlineMs: 600, retryPeriodMs: 100 };

function electionFor(
  name: string,
  identity: string,
  more: Partial<LeaderElectionOptions> = {},
): LeaderElection {
  const log = createLog({ level: "silent" });
  return createLeaderElection({
    client: server.client,
    namespace: server.namespace,
    name,
    identity,
    log,
    ...timing,
    ...more,
  });
}

function methodsOf(client: Client): LeaderElectionOptions["client"] {
  return {
    list: (...asked) => client.list(...asked),
    getStream: (...asked) => client.getStream(...asked),
    get: (...asked) => client.get(...asked),
    create: (...asked) => client.create(...asked),
    replace: (...asked) => client.replace(...asked),
  };
}

async function holderOf(name: string): Promise<string | undefined> {
  const lease = await server.client.get(leases, { namespace: server.namespace, name });
  return lease.spec?.holderIdentity;
}

test(
  "of several only one leads, and the lease goes over at once when it is given back",
  { timeout: 20_000 },
  async () => {
    const elections = ["a", "b", "c"].map((identity) => electionFor("handover", identity));
    for (const election of elections) election.start();
    await Promise.race(elections.map((election) => election.acquired));
    assert.equal(elections.filter((election) => election.isLeading()).length, 1);
    const leader = elections.find((election) => election.isLeading());
    const others = elections.filter((election) => election !== leader);
    leader?.permit();
    for (const other of others) assert.throws(() => other.permit(), NotLeadingError);

    await leader?.stop();
    const startedAt = performance.now();
    await Promise.race(others.map((election) => election.acquired));
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < timing.leaseDurationMs / 2, `the next one led only after ${tookMs} ms`);
    assert.equal(leader?.isLeading(), false);
    await Promise.all(others.map((election) => election.stop()));
    assert.equal(await holderOf("handover"), undefined);
  },
);

test("a leader keeps the lease for longer than its duration", { timeout: 20_000 }, async () => {
  const leader = electionFor("keeping", "a");
  leader.start();
  await leader.acquired;
  const other = electionFor("keeping", "b");
  other.start();
  const outcome = await Promise.race([
    other.acquired.then(() => "taken"),
    new Promise((resolve) => setTimeout(() => resolve("kept"), 2 * timing.leaseDurationMs)),
  ]);
  assert.equal(outcome, "kept");
  assert.ok(leader.isLeading());
  await leader.stop();
  await other.stop();
});

test(
  "a leader cut off from the server stops leading before another one can start",
  { timeout: 20_000 },
  async () => {
    await using proxy = await startChaosProxy(server.options.server);
    const transport = createHttpsTransport(throughRelay(server.options, proxy.port));
    const cutOff = electionFor("cut", "a", { client: createClient(transport) });
    cutOff.start();
    await cutOff.acquired;
    const other = electionFor("cut", "b");
    other.start();
    proxy.refuse(true);
    proxy.cutAll();
    const startedAt = performance.now();
    let leading = true;
    const overlap = other.acquired.then(() => leading && cutOff.isLeading());
    assert.match(await cutOff.lost, /could not be renewed in time/);
    leading = false;
    assert.equal(await overlap, false);
    const tookMs = performance.now() - startedAt;
    const allowedMs = timing.leaseDurationMs + 2 * timing.retryPeriodMs + 300;
    assert.ok(tookMs < allowedMs, `taken over after ${tookMs} ms`);
    await cutOff.stop();
    await other.stop();
    transport.close();
  },
);

test(
  "a process that was stopped for longer than the lease knows at once that it no longer leads",
  { timeout: 20_000 },
  async () => {
    let stoppedMs = 0;
    const paused = electionFor("paused", "a", { monotonicNow: () => performance.now() + stoppedMs });
    paused.start();
    await paused.acquired;
    paused.permit();
    stoppedMs = 5_000;
    assert.throws(() => paused.permit(), NotLeadingError);
    assert.match(await paused.lost, /could not be renewed in time/);
    await paused.stop();
  },
);

test("a server that answers late does not cost the lease", { timeout: 60_000 }, async () => {
  // Half of the renewal time is left to each request: long enough for a machine that is busy.
  const patient = { leaseDurationMs: 4_000, renewDeadlineMs: 3_000, retryPeriodMs: 100 };
  const renewedOften = Promise.withResolvers<string>();
  let renewals = 0;
  const late: Client["replace"] = async (...asked) => {
    await sleep(500);
    const lease = await server.client.replace(...asked);
    renewals += 1;
    if (renewals * 500 > patient.renewDeadlineMs) renewedOften.resolve("renewed");
    return lease;
  };
  const leader = electionFor("late", "a", {
    ...patient,
    client: { ...methodsOf(server.client), replace: late },
  });
  leader.start();
  await leader.acquired;
  assert.equal(await Promise.race([leader.lost, renewedOften.promise]), "renewed");
  await leader.stop();
});

test("a leader whose lease somebody took gives up", { timeout: 20_000 }, async () => {
  const robbed = electionFor("robbed", "a");
  robbed.start();
  await robbed.acquired;
  await server.client.patch(
    leases,
    { namespace: server.namespace, name: "robbed" },
    { spec: { holderIdentity: "thief" } },
  );
  assert.match(await robbed.lost, /thief holds the lease/);
  assert.equal(robbed.isLeading(), false);
  await robbed.stop();
  assert.equal(await holderOf("robbed"), "thief");
});

test("a stop while waiting ends the wait", { timeout: 20_000 }, async () => {
  const leader = electionFor("waiting", "a");
  leader.start();
  await leader.acquired;
  const other = electionFor("waiting", "b");
  other.start();
  await other.stop();
  assert.equal(await holderOf("waiting"), "a");
  await leader.stop();
});

test("times that contradict each other are refused", () => {
  assert.throws(() => electionFor("x", "a", { renewDeadlineMs: 5_000 }), /renewDeadlineMs < leaseDurationMs/);
});
