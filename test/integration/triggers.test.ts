import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentTriggerSpec } from "../../src/api/agent-trigger.ts";
import { agentNotifiers, agentRuns, agentTriggers } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import type { Transport } from "../../src/client/transport.ts";
import { startEvents } from "../../src/events/events.ts";
import { eventsRules } from "../../src/events/rbac.ts";
import { configMaps, secrets } from "../../src/kube/builtin.ts";
import { timestamp } from "../../src/kube/time.ts";
import { createLog } from "../../src/runtime/log.ts";
import { permissionsFor, permissionsOf } from "../support/api-attributes.ts";
import { deliver, githubPayloads, sha256 } from "../support/deliveries.ts";
import { aSecret } from "../support/objects.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

const SECRET = "s3cret-of-the-hook";
const PROJECT = "Codertocat/Hello-World";

describe("deliveries at a trigger", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  const used = new Set<string>();
  let client: Client;
  let transport: Transport;
  let namespace: string;
  let port: number;

  const start = async (over: Transport = transport): Promise<number> => {
    const events = await startEvents({
      transport: async (request) => {
        for (const permission of permissionsFor(request)) used.add(permission);
        return over(request);
      },
      namespaces: [namespace],
      leaseNamespace: namespace,
      hooksBindAddress: "127.0.0.1:0",
      healthProbeBindAddress: "0",
      metricsBindAddress: "0",
      allowLocalUrls: false,
      apiServerAddresses: [],
      log: createLog({ level: "silent" }),
    });
    stack.defer(() => events.stop());
    await events.working;
    return events.port;
  };

  before(async () => {
    const plane = await startRunPlane(stack);
    ({ admin: client, namespace, transport } = plane);
    await client.create(secrets, {
      ...aSecret("hook", { secret: `${SECRET}\n` }),
      metadata: { name: "hook", namespace },
    });
    port = await start();
  });
  after(() => stack.disposeAsync());

  /** A trigger that is listening; by default for issues of anybody. */
  async function aTrigger(name: string, more: Partial<AgentTriggerSpec> = {}): Promise<string> {
    const { repository: _, ...run } = runNamed("any").spec;
    const spec: AgentTriggerSpec = {
      webhook: { source: "GitHub", secretRef: { name: "hook", key: "secret" } },
      repository: PROJECT,
      actors: { permission: "Any" },
      when: "event.action == 'labeled' && event.label.name == 'bug'",
      runTemplate: {
        metadata: { labels: { issue: "${event.issue.number}" } },
        spec: {
          ...run,
          repository: { url: "https://git.example.com/org/repo.git", branch: "main" },
          worktree: { branch: "issue-${event.issue.number}" },
          prompt: "Solve ${event.issue.title} for ${headers['x-github-event']}, not $${this}",
        },
      },
      ...more,
    };
    await client.create(agentTriggers, { metadata: { name, namespace }, spec });
    await waitFor(
      client,
      agentTriggers,
      { namespace, name },
      ({ status }) =>
        status?.conditions?.some(({ type, reason }) => type === "Ready" && reason !== "Unknown") === true,
    );
    return `${namespace}/${name}`;
  }

  const labeled = (): Record<string, unknown> => {
    const [payload] = githubPayloads("issues", "labeled");
    return { ...payload, label: { name: "bug" } };
  };
  const headers = { "x-github-event": "issues", "x-github-delivery": "0b989ba4-242f-11e5-81e1-c7b6966d2516" };
  const runsOf = async (trigger: string) =>
    (await client.list(agentRuns, { namespace, labelSelector: `agent.xonovex.com/trigger=${trigger}` }))
      .items;

  it("starts one run for an event of GitHub, however often it comes, also if the run is gone", async () => {
    const trigger = await aTrigger("once");
    const event = labeled();
    const first = await deliver({ port, trigger, secret: SECRET, event, headers });
    assert.deepEqual([first.status, first.body.reason], [201, "RunCreated"], first.body.message);
    const [run, ...more] = await runsOf("once");
    assert.deepEqual(more, []);
    assert.equal(run?.metadata.name, first.body.run);
    assert.equal(run?.spec.prompt, "Solve Spelling error in the README file for issues, not ${this}");
    assert.equal(run.spec.worktree?.branch, "issue-1");
    assert.equal(run.metadata.labels?.["issue"], "1");
    const kept = await client.get(configMaps, { namespace, name: `${run.metadata.name}-event` });
    assert.deepEqual(JSON.parse(kept.data?.["event.json"] ?? ""), event);
    assert.equal(kept.metadata.ownerReferences?.[0]?.uid, run.metadata.uid);

    const another = await start();
    for (const at of [port, another]) {
      const again = await deliver({
        port: at,
        trigger,
        secret: SECRET,
        event,
        headers: { ...headers, "x-github-delivery": "x" },
      });
      assert.deepEqual([again.status, again.body.reason], [200, "Repeated"]);
    }
    await client.delete(agentRuns, { namespace, name: run.metadata.name ?? "" });
    const replayed = await deliver({ port: another, trigger, secret: SECRET, event, headers });
    assert.deepEqual([replayed.status, replayed.body.reason], [200, "Repeated"]);
    const { status } = await waitFor(
      client,
      agentTriggers,
      { namespace, name: "once" },
      (now) => now.status?.deliveries?.length === 4,
    );
    assert.equal(status?.lastRun, run.metadata.name);
    assert.equal(status?.deliveries?.at(-1)?.id, headers["x-github-delivery"]);
    assert.equal(status?.path, "/hooks/costs/once");
  });

  it("completes what a replica that died has left of a delivery", async () => {
    const trigger = await aTrigger("left");
    const send = (number: number) =>
      deliver({
        port,
        trigger,
        secret: SECRET,
        headers,
        event: { ...labeled(), issue: { number, title: "t" } },
      });
    const { body } = await send(1);
    assert.equal((await send(2)).body.reason, "RunCreated");
    const event = { namespace, name: `${body.run}-event` };
    for (const at of [event, { namespace, name: "left-seen" }]) await client.delete(configMaps, at);
    assert.deepEqual((await send(1)).body.reason, "Repeated");
    assert.ok((await client.get(configMaps, event)).data?.["event.json"]);
    await client.delete(agentRuns, { namespace, name: body.run ?? "" });
    assert.deepEqual((await send(1)).body.reason, "Repeated");
    assert.equal((await runsOf("left")).length, 1);
  });

  it("answers a forged delivery and one to no trigger alike, and shows neither", async () => {
    const trigger = await aTrigger("forged");
    const event = labeled();
    const body = JSON.stringify(event);
    const answers = await Promise.all([
      deliver({ port, trigger, event }),
      deliver({ port, trigger, secret: "wrong", event }),
      deliver({ port, trigger, event, headers: { "x-hub-signature-256": sha256(SECRET, `${body} `) } }),
      deliver({ port, trigger, event, headers: { "x-gitlab-token": SECRET } }),
      deliver({ port, trigger, event, headers: { "x-signature-256": sha256(SECRET, body) } }),
      deliver({ port, trigger, event, headers: { "x-hub-signature-256": "" } }),
      deliver({ port, trigger: `${namespace}/nowhere`, secret: SECRET, event }),
      deliver({ port, trigger: "elsewhere/forged", secret: SECRET, event }),
    ]);
    assert.equal(new Set(answers.map((each) => JSON.stringify(each))).size, 1);
    assert.equal(answers[0]?.status, 401);
    assert.deepEqual(await runsOf("forged"), []);
    const { status } = await client.get(agentTriggers, { namespace, name: "forged" });
    assert.equal(status?.deliveries, undefined);
  });

  it("keeps a text of an event in its own field, and refuses what makes no run", async () => {
    const trigger = await aTrigger("texts", {
      runTemplate: {
        spec: {
          ...runNamed("any").spec,
          repository: { url: "https://git.example.com/org/repo.git" },
          worktree: { branch: "fix/${event.issue.title}" },
          prompt: "${event.issue.body}",
          env: [{ name: "TITLE", value: "${event.issue.title}" }],
        },
      },
    });
    const send = (issue: object) =>
      deliver({ port, trigger, secret: SECRET, headers, event: { ...labeled(), issue } });
    const hostile = '"\n  publish: {branch: main}\n${event.sender.login} $(ANTHROPIC_API_KEY) }}';
    const taken = await send({ number: 1, title: "plain", body: hostile });
    assert.equal(taken.body.reason, "RunCreated", taken.body.message);
    const run = await client.get(agentRuns, { namespace, name: taken.body.run ?? "" });
    assert.equal(run.spec.prompt, hostile);
    assert.equal(run.spec.publish, undefined);
    assert.deepEqual(run.spec.env, [{ name: "TITLE", value: "plain" }]);
    const refused: [object, RegExp][] = [
      [
        { number: 2, title: "../../x --upload-pack=evil", body: "b" },
        /worktree.branch: .*must be a branch name/,
      ],
      [{ number: 3, title: "x".repeat(1_000_000), body: "b" }, /worktree.branch/],
      [{ number: 4, title: "ok", body: " " }, /spec.prompt/],
      [{ number: 5, title: "ok" }, /prompt: .*field not found: body/],
      [{ number: 6, title: { a: 1 }, body: "b" }, /worktree.branch: .* is no text or number/],
    ];
    for (const [issue, message] of refused) {
      const { status, body } = await send(issue);
      assert.equal(status, 200);
      assert.match(`${body.reason}: ${body.message}`, message);
      assert.ok(["InvalidRun", "ExpressionFailed"].includes(body.reason ?? ""));
    }
    assert.equal((await runsOf("texts")).length, 1);
  });

  it("starts nothing for bots, strangers, forks, other repositories and its own comments", async () => {
    const trigger = await aTrigger("actors", { when: "true" });
    const sender = { login: "ann", type: "User" };
    const event = { ...labeled(), sender };
    const pull = (name: string) => ({
      number: 7,
      head: { ref: "b", sha: "c", repo: { full_name: name } },
      base: { repo: { full_name: PROJECT } },
    });
    const cases: [object, string][] = [
      [{ sender: { login: "renovate[bot]", type: "Bot" } }, "ActorRefused"],
      [{ repository: { full_name: "mallory/Hello-World" } }, "OtherRepository"],
      [{ repository: undefined }, "OtherRepository"],
      [{ comment: { body: "<!-- agent-operator run -->\nIt works." } }, "OwnEvent"],
      [{ issue: undefined, pull_request: pull("mallory/Hello-World") }, "ForkRefused"],
      [
        { issue: undefined, pull_request: { ...pull(PROJECT), head: { ref: "b", sha: "c", repo: null } } },
        "ForkRefused",
      ],
      [{ issue: undefined, check_run: { head_sha: "c", pull_requests: [] } }, "ForkRefused"],
    ];
    for (const [more, reason] of cases) {
      const { status, body } = await deliver({
        port,
        trigger,
        secret: SECRET,
        headers,
        event: { ...event, ...more },
      });
      assert.deepEqual([status, body.reason], [200, reason], JSON.stringify(more));
    }
    assert.deepEqual(await runsOf("actors"), []);
  });

  it("ends an expression that is expensive, and says so of one that cannot be read", async () => {
    const list = `[${Array.from({ length: 40 }, (_, index) => index).join(",")}]`;
    const dear = `${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, ${list}.all(e, a + b + c + d + e >= 0)))))`;
    const trigger = await aTrigger("dear", { when: dear });
    const startedAt = performance.now();
    const { body } = await deliver({ port, trigger, secret: SECRET, headers, event: labeled() });
    assert.equal(body.reason, "ExpressionFailed", body.message);
    assert.match(body.message ?? "", /it takes more than/);
    assert.ok(performance.now() - startedAt < 5_000);
    const wrong = await aTrigger("wrong", { when: "evnt.action == 'labeled'" });
    const { status } = await client.get(agentTriggers, { namespace, name: "wrong" });
    const [ready] = status?.conditions ?? [];
    assert.deepEqual(
      [ready?.reason, ready?.message],
      ["InvalidExpression", "when: there is no evnt; expressions may look at event and headers"],
    );
    assert.equal(
      (await deliver({ port, trigger: wrong, secret: SECRET, headers, event: labeled() })).status,
      503,
    );
  });

  it("refuses a body over the limit, and what is no delivery", async () => {
    const trigger = await aTrigger("bodies");
    const large = await deliver({ port, trigger, secret: SECRET, event: "x".repeat(1024 * 1024 + 1) });
    assert.equal(large.status, 413);
    const texts: [string, number][] = [
      ["", 400],
      ["[]", 400],
      ["{", 400],
      ["[".repeat(500_000), 400],
      [`{"action":${"[".repeat(200_000)}${"]".repeat(200_000)}}`, 200],
    ];
    for (const [event, status] of texts)
      assert.equal(
        (await deliver({ port, trigger, secret: SECRET, event })).status,
        status,
        event.slice(0, 20),
      );
    const form = new URLSearchParams({ payload: JSON.stringify(labeled()) }).toString();
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const taken = await deliver({
      port,
      trigger,
      secret: SECRET,
      event: form,
      headers: { ...headers, ...type },
    });
    assert.equal(taken.body.reason, "RunCreated", taken.body.message);
  });

  it("writes down for a notifier that a run is none of its own", async () => {
    const name = "told";
    const sink = { format: "CloudEvents", url: "https://events.example.com/" } as const;
    await client.create(agentNotifiers, {
      metadata: { name, namespace },
      spec: { sink, events: ["Failed"] },
    });
    const { status } = await waitFor(
      client,
      agentNotifiers,
      { namespace, name },
      (found) => !!found.status?.conditions,
    );
    assert.equal(status?.conditions?.[0]?.reason, "Notifying");
    const { metadata } = await client.create(agentRuns, {
      metadata: { name, namespace },
      spec: runNamed(name).spec,
    });
    const ended = { phase: "Succeeded", completionTime: timestamp(Date.now()) };
    await client.patch(
      agentRuns,
      { namespace, name },
      { status: ended },
      { type: "merge", subresource: "status" },
    );
    const at = { namespace, name: "told-sent" };
    await waitFor(client, configMaps, at, ({ data }) => data?.[metadata.uid ?? ""] === "2");
  });

  it("has asked for nothing that the shipped role does not permit, and the role permits nothing else", () => {
    const permitted = new Set(permissionsOf(eventsRules));
    assert.deepEqual(
      [...used].filter((each) => !permitted.has(each)),
      [],
    );
    // Only if another replica is first, or an event is repeated.
    const inRaces = [
      "get agenttriggers.agent.xonovex.com",
      "list events.events.k8s.io",
      "patch events.events.k8s.io",
    ];
    assert.deepEqual(
      [...permitted].filter((each) => !used.has(each) && !inRaces.includes(each)),
      [],
    );
  });
});
