import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import type { AgentSchedule } from "../../src/api/agent-schedule.ts";
import type { AgentTriggerSpec } from "../../src/api/agent-trigger.ts";
import { ANNOTATION_CANCEL, LABEL_RUN, LABEL_TRIGGER } from "../../src/api/labels.ts";
import { agentRuns, agentSchedules, agentTriggers } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { configMaps, jobs, pods, secrets } from "../../src/kube/builtin.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { triggerStartsName } from "../../src/plan/specs/names.ts";
import { deliver } from "../support/deliveries.ts";
import { aSecret } from "../support/objects.ts";
import { startEventsProgram, startOperatorProgram } from "../support/operator-program.ts";
import type { RunningProgram } from "../support/run.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

const SECRET = "s3cret-of-the-hook";
const HOUR_S = 3_600;

/** Agents are at work until a test lets them end. */
describe("limits of triggers and schedules, with an operator and an events component that are killed", () => {
  const stack = new AsyncDisposableStack();
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const endOf = (run: string): PromiseWithResolvers<void> => {
    const end = ends.get(run) ?? Promise.withResolvers<void>();
    ends.set(run, end);
    return end;
  };
  let client: Client;
  let namespace: string;
  let cluster: { kubeconfig: string; namespace: string };
  let operator: RunningProgram;
  let events: { program: RunningProgram; port: number };

  before(
    async () => {
      const plane = await startRunPlane(stack, {
        agentEnds: ({ metadata }) => endOf(metadata.labels?.[LABEL_RUN] ?? "").promise,
      });
      ({ admin: client, namespace } = plane);
      cluster = { kubeconfig: plane.listening.kubeconfigPath ?? "", namespace };
      const hook = { ...aSecret("hook", { secret: SECRET }), metadata: { name: "hook", namespace } };
      await client.create(secrets, hook);
      [operator, events] = await Promise.all([startOperatorProgram(cluster), startEventsProgram(cluster)]);
      stack.defer(() => void [operator, events.program].map((each) => each.kill("SIGKILL")));
    },
    { timeout: 60_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 60_000 });

  async function killBoth(): Promise<void> {
    for (const program of [operator, events.program]) program.kill("SIGKILL");
    await Promise.all([operator.ended, events.program.ended]);
    [operator, events] = await Promise.all([startOperatorProgram(cluster), startEventsProgram(cluster)]);
  }

  async function aTrigger(name: string, more: Partial<AgentTriggerSpec>): Promise<string> {
    const secretRef = { name: "hook", key: "secret" };
    const runTemplate = { spec: runNamed("any").spec };
    const spec: AgentTriggerSpec = { webhook: { source: "Generic", secretRef }, runTemplate, ...more };
    const made = await client.create(agentTriggers, { metadata: { name, namespace }, spec });
    await waitFor(
      client,
      agentTriggers,
      { namespace, name },
      ({ status }) => status?.conditions?.some(({ reason }) => reason === "Listening") === true,
    );
    return made.metadata.uid ?? "";
  }

  /** The name of the run that the event has started. */
  async function send(trigger: string, event: object): Promise<string> {
    const { port } = events;
    const sent = { port, trigger: `${namespace}/${trigger}`, secret: SECRET, event };
    const { body } = await deliver({ ...sent, signedIn: "x-signature-256" });
    assert.equal(body.reason, "RunCreated", body.message);
    return body.run ?? "";
  }

  const until = (name: string, condition: (run: AgentRun) => boolean): Promise<AgentRun> =>
    waitFor(client, agentRuns, { namespace, name }, condition);
  const works = (name: string) => until(name, ({ status }) => status?.phase === "Running");
  const waits = (name: string) => until(name, ({ status }) => status?.reason === "Queued");
  const podsOf = async (trigger: string): Promise<number> => {
    const { items } = await client.list(agentRuns, {
      namespace,
      labelSelector: `${LABEL_TRIGGER}=${trigger}`,
    });
    const names = new Set(items.map(({ metadata }) => metadata.name));
    const all = (await client.list(pods, { namespace })).items;
    return all.filter(({ metadata }) => names.has(metadata.labels?.[LABEL_RUN])).length;
  };
  async function end(name: string): Promise<void> {
    endOf(name).resolve();
    await until(name, isFinished);
  }

  const group = (policy: "Forbid" | "Queue" | "Replace") => ({
    concurrency: { group: "string(event.issue)", policy },
  });

  it(
    "Forbid ends a run while its group has another one, and lets other groups work",
    { timeout: 60_000 },
    async () => {
      await aTrigger("forbid", group("Forbid"));
      const first = await send("forbid", { issue: 1, at: 1 });
      await works(first);
      const [second, other] = await Promise.all([
        send("forbid", { issue: 1, at: 2 }),
        send("forbid", { issue: 2, at: 1 }),
      ]);
      const { status } = await until(second, isFinished);
      assert.deepEqual([status?.phase, status?.reason], ["Failed", "GroupBusy"]);
      assert.match(status?.message ?? "", new RegExp(`AgentRun ${first} of the same group`));
      await works(other);
      await end(first);
      await works(await send("forbid", { issue: 1, at: 3 }));
      assert.equal(await podsOf("forbid"), 3);
    },
  );

  it(
    "Queue starts one run of a group after the other, also if all are killed meanwhile",
    { timeout: 60_000 },
    async () => {
      await aTrigger("queue", group("Queue"));
      const first = await send("queue", { issue: 1, at: 1 });
      await works(first);
      const waiting = await Promise.all([2, 3].map((at) => send("queue", { issue: 1, at })));
      for (const name of waiting) {
        const { status } = await waits(name);
        assert.match(status?.message ?? "", /of the same group is at work or before it/);
      }
      await killBoth();
      assert.equal(await podsOf("queue"), 1);
      await end(first);
      const next = await Promise.race(waiting.map(async (name) => (await works(name)).metadata.name ?? ""));
      assert.equal(await podsOf("queue"), 2);
      await end(next);
      await Promise.all(waiting.filter((name) => name !== next).map(works));
      assert.equal(await podsOf("queue"), 3);
    },
  );

  /** The new run starts once the one that it replaces has ended: they may have the same branch. */
  async function replaces(second: string, first: string): Promise<void> {
    await until(first, ({ metadata }) => metadata.annotations?.[ANNOTATION_CANCEL] === "true");
    const { status } = await waits(second);
    assert.match(status?.message ?? "", new RegExp(`^AgentRun ${first} is still ending`));
    await killBoth();
    await waits(second);
    await assert.rejects(client.get(jobs, { namespace, name: second }), { code: 404 });
    await end(first);
    await works(second);
    const [replaced, own] = await Promise.all([first, second].map((name) => until(name, () => true)));
    assert.ok((replaced?.status?.completionTime ?? "") <= (own?.status?.startTime ?? ""));
  }

  it(
    "Replace cancels the run of the same group and starts the new one once it has ended",
    { timeout: 60_000 },
    async () => {
      await aTrigger("replace", group("Replace"));
      const first = await send("replace", { issue: 1, at: 1 });
      const other = await send("replace", { issue: 2, at: 1 });
      await Promise.all([first, other].map(works));
      const second = await send("replace", { issue: 1, at: 2 });
      await replaces(second, first);
      const { metadata, status } = await client.get(agentRuns, { namespace, name: other });
      assert.deepEqual([metadata.annotations?.[ANNOTATION_CANCEL], status?.phase], [undefined, "Running"]);
    },
  );

  for (const concurrencyPolicy of ["Forbid", "Replace"] as const)
    it(
      `a schedule with ${concurrencyPolicy}, whose run is at work at its next time`,
      { timeout: 60_000 },
      async () => {
        const at = { namespace, name: `scheduled-${concurrencyPolicy.toLowerCase()}` };
        const { spec } = runNamed("any");
        const schedule = { schedule: "30 3 1 1 *", concurrencyPolicy, runTemplate: { spec } };
        await client.create(agentSchedules, { metadata: at, spec: schedule });
        const seen = (condition: (object: AgentSchedule) => boolean) =>
          waitFor(client, agentSchedules, at, condition);
        await seen(({ status }) => status?.nextScheduleTime !== undefined);
        /** As if it had been made a year ago; the run's name. */
        const lapse = async (minute: number): Promise<string> => {
          await client.patch(
            agentSchedules,
            at,
            { spec: { schedule: `${minute} 3 1 1 *` } },
            { type: "merge" },
          );
          const status = { lastScheduleTime: "2025-02-01T00:00:00Z" };
          await client.patch(agentSchedules, at, { status }, { type: "merge", subresource: "status" });
          return `${at.name}-${Date.UTC(new Date().getUTCFullYear(), 0, 1, 3, minute) / 60_000}`;
        };
        const first = await lapse(30);
        await works(first);
        const second = await lapse(31);
        if (concurrencyPolicy === "Forbid") {
          const { status } = await seen(({ status: now }) => now?.conditions?.[0]?.reason === "RunActive");
          assert.match(status?.conditions?.[0]?.message ?? "", new RegExp(`the end of ${first}$`));
          await assert.rejects(client.get(agentRuns, { namespace, name: second }), { code: 404 });
          await end(first);
          await works(second);
        } else await replaces(second, first);
      },
    );

  it(
    "perHour counts runs that are deleted, also if all are killed meanwhile",
    { timeout: 90_000 },
    async () => {
      const uid = await aTrigger("hourly", { limits: { perHour: 2 } });
      const names = await Promise.all([1, 2, 3, 4, 5].map((at) => send("hourly", { at })));
      const isSettled = ({ status }: AgentRun): boolean =>
        status?.phase === "Running" || status?.reason === "Queued";
      const settled = async (of: readonly string[]): Promise<[atWork: string[], waiting: string[]]> => {
        const runs = await Promise.all(of.map((name) => until(name, isSettled)));
        const isAtWork = ({ status }: AgentRun): boolean => status?.phase === "Running";
        return [runs.filter(isAtWork), runs.filter((run) => !isAtWork(run))].map((each) =>
          each.map(({ metadata }) => metadata.name ?? ""),
        ) as [string[], string[]];
      };
      const [atWork, waiting] = await settled(names);
      assert.equal(atWork.length, 2);
      const queued = await waits(waiting[0] ?? "");
      assert.match(queued.status?.message ?? "", /2 runs start within an hour \(limits.perHour\)/);

      for (const name of atWork) {
        await end(name);
        await client.delete(agentRuns, { namespace, name });
      }
      await killBoth();
      // The last of all waits too: an operator that has forgotten starts the older ones before it.
      await waits(await send("hourly", { at: 6 }));
      assert.deepEqual((await settled(waiting))[0], []);

      // As if an hour had passed.
      const record = { namespace, name: triggerStartsName({ name: "hourly", uid }) };
      const { data = {} } = await client.get(configMaps, record);
      assert.equal(Object.keys(data).length, 2);
      const aged = Object.entries(data).map(([run, at]) => [run, String(Number(at) - HOUR_S)]);
      await client.patch(configMaps, record, { data: Object.fromEntries(aged) }, { type: "merge" });
      await killBoth();
      await Promise.race(waiting.map(works));
      const isTwo = async (): Promise<boolean> =>
        (await settled(waiting))[0].length === 2 &&
        Object.keys((await client.get(configMaps, record)).data ?? {}).length === 2;
      for (let tries = 0; !(await isTwo()); tries += 1) {
        assert.ok(tries < 600, "no two more start");
        await sleep(100);
      }
    },
  );
});
