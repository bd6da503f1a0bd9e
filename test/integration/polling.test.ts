import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import type { AgentTrigger } from "../../src/api/agent-trigger.ts";
import { LABEL_TRIGGER } from "../../src/api/labels.ts";
import { agentRuns, agentTriggers } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { events as kubeEvents, secrets } from "../../src/kube/builtin.ts";
import { githubPayloads } from "../support/deliveries.ts";
import { blocksOf } from "../support/documentation.ts";
import { type LoopbackForge, startForge } from "../support/forge/forge.ts";
import { createKubectl } from "../support/kubectl.ts";
import { aSecret } from "../support/objects.ts";
import { startEventsProgram } from "../support/operator-program.ts";
import { projectRoot } from "../support/project-files.ts";
import type { RunningProgram } from "../support/run.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

/** The trigger that polls, as the guide has it. */
async function guideTrigger(): Promise<AgentTrigger> {
  const page = await readFile(join(projectRoot, "docs/guide/triggers.md"), "utf8");
  const found = blocksOf(page)
    .filter(({ language }) => language === "yaml")
    .map(({ text }) => parse(text) as AgentTrigger)
    .find(({ spec }) => spec?.poll);
  assert.ok(found);
  return found;
}

const TOKEN = "t0ken-of-the-forge";
const PROJECT = "Codertocat/Hello-World";
/** More than a page has. */
const BURST = 40;
/** So many GitHub lists. */
const LISTED = 300;

describe("a trigger that polls", () => {
  const stack = new AsyncDisposableStack();
  const at = { name: "polled", namespace: "" };
  let client: Client;
  let forge: LoopbackForge;
  let cluster: { kubeconfig: string; namespace: string };
  let events: RunningProgram;
  let numbers = 0;

  before(
    async () => {
      const plane = await startRunPlane(stack);
      client = plane.admin;
      at.namespace = plane.namespace;
      cluster = { kubeconfig: plane.listening.kubeconfigPath ?? "", namespace: plane.namespace };
      const writers = ["Codertocat"];
      const commitOf = () => Promise.resolve(undefined);
      forge = await startForge({ kind: "GitHub", project: PROJECT, token: TOKEN, writers, commitOf });
      stack.use(forge);
      const { namespace } = at;
      await client.create(secrets, {
        ...aSecret("github", { token: TOKEN }),
        metadata: { name: "github", namespace },
      });
      labeled("Codertocat", "before the trigger", "2020-01-01T00:00:00Z");
      await startEvents();
      stack.defer(() => void events.kill("SIGKILL"));
      const { repository: _, ...run } = runNamed("any").spec;
      const repository = { url: "https://git.example.com/org/repo.git" };
      const spec = { ...run, repository, prompt: "${event.issue.title} ${headers['x-github-event']}" };
      await client.create(agentTriggers, {
        metadata: at,
        spec: {
          poll: { source: "GitHub", intervalSeconds: 1 },
          repository: PROJECT,
          credential: { secretRef: { name: "github", key: "token" }, apiURL: forge.apiURL },
          when: "event.action == 'labeled' && event.label.name == 'agent'",
          runTemplate: { metadata: { labels: { issue: "${event.issue.number}" } }, spec },
        },
      });
    },
    { timeout: 60_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 60_000 });

  async function startEvents(): Promise<void> {
    events = (await startEventsProgram(cluster, ["--allow-local-urls"])).program;
  }

  /** An issue gets a label; its number. */
  function labeled(login: string, title: string, when = new Date().toISOString()): number {
    const [payload] = githubPayloads("issues", "labeled");
    const { action, issue } = payload as { action: string; issue: object };
    numbers += 1;
    const own = { ...issue, number: numbers, title };
    const label = { ...(payload?.["label"] as object), name: "agent" };
    const id = String(22_000_000_000 + numbers);
    forge.events.push({ id, type: "IssuesEvent", login, payload: { action, issue: own, label }, at: when });
    return numbers;
  }

  /** Somebody likes the repository. */
  function starred(index: number): void {
    const [id, when] = [String(23_000_000_000 + index), new Date().toISOString()];
    forge.events.push({ id, type: "WatchEvent", login: "octocat", payload: { action: "started" }, at: when });
  }

  const runs = async (): Promise<AgentRun[]> =>
    (await client.list(agentRuns, { namespace: at.namespace, labelSelector: `${LABEL_TRIGGER}=polled` }))
      .items;
  const issuesOf = (found: readonly AgentRun[]): number[] =>
    found.map(({ metadata }) => Number(metadata.labels?.["issue"])).toSorted((a, b) => a - b);
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await condition()); tries += 1) {
      assert.ok(tries < 600, `this does not come true: ${String(condition)}`);
      await sleep(100);
    }
  }
  async function untilRuns(wanted: number): Promise<AgentRun[]> {
    await until(async () => (await runs()).length >= wanted);
    return runs();
  }
  const trigger = (condition: (found: AgentTrigger) => boolean) =>
    waitFor(client, agentTriggers, at, condition);
  const isReady = ({ status }: AgentTrigger, reason: string): boolean =>
    status?.conditions?.some((each) => each.type === "Ready" && each.reason === reason) === true;
  const answers = (status: number): number => forge.requests.filter((each) => each.status === status).length;

  it(
    "starts a run for an event of somebody who may write, and asks only for what has changed",
    { timeout: 60_000 },
    async () => {
      await trigger((found) => isReady(found, "Polling"));
      labeled("mallory", "by a stranger");
      labeled("renovate[bot]", "by a bot");
      const number = labeled("Codertocat", "Fix\n it ${event.sender.login}");
      const [run] = await untilRuns(1);
      assert.equal(run?.metadata.labels?.["issue"], String(number));
      assert.equal(run.spec.prompt, "Fix\n it ${event.sender.login} issues");
      const { status } = await trigger(({ status: now }) => now?.deliveries?.length === 3);
      const reasons = status?.deliveries?.map(({ reason }) => reason).toSorted();
      assert.deepEqual(reasons, ["ActorRefused", "ActorRefused", "RunCreated"]);
      const before = answers(304);
      await until(() => answers(304) >= before + 2);
      assert.deepEqual(forge.breaches, []);
      assert.equal((await runs()).length, 1);
    },
  );

  it(
    "starts the run of the guide's trigger, and kubectl shows what is asked",
    { timeout: 60_000 },
    async () => {
      const guided = await guideTrigger();
      const name = guided.metadata.name ?? "";
      const { credential } = guided.spec;
      if (credential)
        Object.assign(credential, { apiURL: forge.apiURL, secretRef: { name: "github", key: "token" } });
      Object.assign(guided.spec, { repository: PROJECT });
      Object.assign(guided.spec.poll ?? {}, { intervalSeconds: 1 });
      await client.create(agentTriggers, {
        ...guided,
        metadata: { ...guided.metadata, namespace: at.namespace },
      });
      await waitFor(client, agentTriggers, { ...at, name }, (found) => isReady(found, "Polling"));
      const kubectl = await createKubectl(cluster.kubeconfig, at.namespace);
      const [header = "", row = ""] = (await kubectl("get", "agenttrigger", name)).split("\n");
      assert.deepEqual(
        [header.split(/ {2,}/)[1], row.split(/ {2,}/).slice(0, 3)],
        ["SOURCE", [name, "GitHub", "True"]],
      );
      const number = labeled("Codertocat", "By the guide");
      const { status } = await waitFor(
        client,
        agentTriggers,
        { ...at, name },
        (found) => !!found.status?.lastRun,
      );
      const run = await client.get(agentRuns, { namespace: at.namespace, name: status?.lastRun ?? "" });
      assert.match(run.spec.prompt ?? "", new RegExp(`^Solve issue ${number} .*\\n\\nBy the guide\\n`));
      await client.delete(agentTriggers, { ...at, name });
      // The other trigger has started one for it as well.
      await until(async () => issuesOf(await runs()).includes(number));
      const own = (await runs()).find(({ metadata }) => metadata.labels?.["issue"] === String(number));
      await client.delete(agentRuns, { ...at, name: own?.metadata.name ?? "" });
      assert.deepEqual(forge.breaches, []);
    },
  );

  it(
    "misses and repeats none of more than a page, its process being killed meanwhile",
    { timeout: 120_000 },
    async () => {
      const [first] = await runs();
      await client.delete(agentRuns, { ...at, name: first?.metadata.name ?? "" });
      events.kill("SIGKILL");
      await events.ended;
      const wanted = Array.from({ length: BURST }, (_, index) => labeled("Codertocat", `Issue ${index}`));
      for (const share of [0.2, 0.6]) {
        await startEvents();
        await untilRuns(Math.floor(BURST * share));
        events.kill("SIGKILL");
        await events.ended;
      }
      await startEvents();
      wanted.push(labeled("Codertocat", "the last"));
      const last = wanted.at(-1);
      await until(async () => issuesOf(await runs()).includes(last ?? 0));
      assert.deepEqual(issuesOf(await runs()), wanted);
      assert.deepEqual(forge.breaches, []);
    },
  );

  it(
    "says that events are missed if the forge lists none of those that it knows any more",
    { timeout: 60_000 },
    async () => {
      const missedEvents = async () =>
        (await client.list(kubeEvents, { namespace: at.namespace })).items.filter(
          ({ reason, regarding }) => reason === "EventsMissed" && regarding?.name === at.name,
        );
      assert.deepEqual(await missedEvents(), [], "as long as it knows one of them");
      // In one go: what polls meanwhile sees none of them or all.
      const lost = labeled("Codertocat", "which the list has no more");
      for (let index = 1; index < LISTED; index += 1) starred(index);
      const number = labeled("Codertocat", "the newest of the list");
      await until(async () => issuesOf(await runs()).includes(number));
      await until(async () => (await missedEvents()).length > 0);
      const [event, ...more] = await missedEvents();
      assert.deepEqual([event?.type, more], ["Warning", []]);
      assert.match(event?.note ?? "", /^300 or more events have come .* older ones may be missed$/);
      assert.ok(!issuesOf(await runs()).includes(lost));
      // It goes on from there.
      const next = labeled("Codertocat", "after those");
      await until(async () => issuesOf(await runs()).includes(next));
      assert.equal((await missedEvents()).length, 1);
      assert.deepEqual(forge.breaches, []);
    },
  );

  it(
    "shows what the forge refuses, and leaves it alone as long as that asks for",
    { timeout: 60_000 },
    async () => {
      const change = (intervalSeconds: number) =>
        client.patch(agentTriggers, at, { spec: { poll: { intervalSeconds } } }, { type: "merge" });
      const reset = Math.ceil(Date.now() / 1_000) + 3_600;
      const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(reset) };
      forge.fault = ({ path }) =>
        path.endsWith("/events")
          ? { status: 403, headers, body: { message: "API rate limit exceeded" } }
          : undefined;
      await change(2);
      const { status } = await trigger((found) => isReady(found, "PollFailed"));
      assert.match(
        status?.conditions?.[0]?.message ?? "",
        /API rate limit exceeded; the forge takes requests again at/,
      );
      assert.equal(answers(403), 1);
      delete forge.fault;
      const number = labeled("Codertocat", "after the limit");
      await change(1);
      await trigger((found) => isReady(found, "Polling"));
      await until(async () => issuesOf(await runs()).includes(number));
      assert.equal(answers(403), 1);
    },
  );
});
