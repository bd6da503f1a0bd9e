import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentRunStatus } from "../../src/api/agent-run.ts";
import { agentRuns, agentTriggers } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { events as kubeEvents, secrets } from "../../src/kube/builtin.ts";
import { type Answered, deliver, githubPayloads } from "../support/deliveries.ts";
import { type LoopbackForge, startForge } from "../support/forge/forge.ts";
import { aSecret } from "../support/objects.ts";
import { startEventsProgram } from "../support/operator-program.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

const SECRET = "s3cret-of-the-hook";
const TOKEN = "t0ken-of-the-forge";
const PROJECT = "Codertocat/Hello-World";
const HEAD = "a".repeat(40);
const OTHER = "b".repeat(40);

describe("a trigger that reports by a commit status", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  const at = { name: "checks", namespace: "" };
  let client: Client;
  let forge: LoopbackForge;
  let cluster: { kubeconfig: string; namespace: string };
  let events: Awaited<ReturnType<typeof startEventsProgram>>;

  before(async () => {
    const plane = await startRunPlane(stack);
    client = plane.admin;
    const { namespace } = plane;
    at.namespace = namespace;
    cluster = { kubeconfig: plane.listening.kubeconfigPath ?? "", namespace };
    forge = stack.use(
      await startForge({
        kind: "GitHub",
        project: PROJECT,
        token: TOKEN,
        writers: ["Codertocat"],
        commitOf: () => Promise.resolve(undefined),
      }),
    );
    const pull = { number: 7, branch: "b", base: "main", title: "", body: "", draft: false } as const;
    forge.pulls.push({ ...pull, state: "open", commit: OTHER, labels: [], reviewers: [] });
    for (const [name, value] of Object.entries({ hook: SECRET, forge: TOKEN }))
      await client.create(secrets, { ...aSecret(name, { key: value }), metadata: { name, namespace } });
    await start();
    stack.defer(() => void events.program.kill("SIGKILL"));
    const { repository: _, ...run } = runNamed("any").spec;
    await client.create(agentTriggers, {
      metadata: at,
      spec: {
        webhook: { source: "GitHub", secretRef: { name: "hook", key: "key" } },
        repository: PROJECT,
        credential: { secretRef: { name: "forge", key: "key" }, apiURL: forge.apiURL },
        report: { status: true },
        runTemplate: { spec: { ...run, repository: { url: "https://git.example.com/org/repo.git" } } },
      },
    });
    await waitFor(client, agentTriggers, at, ({ status }) => status?.conditions?.[0]?.status === "True");
  });
  after(() => stack.disposeAsync());

  async function start(): Promise<void> {
    events = await startEventsProgram(cluster, ["--allow-local-urls"]);
  }
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await condition()); tries += 1) {
      assert.ok(
        tries < 600,
        `this does not come true: ${String(condition)} ${JSON.stringify(forge.statuses)}`,
      );
      await sleep(100);
    }
  }
  const send = (name: string, event: object): Promise<Answered> =>
    deliver({
      port: events.port,
      trigger: `${at.namespace}/${at.name}`,
      secret: SECRET,
      event,
      headers: { "x-github-event": name },
    });
  /** Its run's name. */
  async function started(answer: Promise<Answered>): Promise<string> {
    const { body } = await answer;
    assert.equal(body.reason, "RunCreated", body.message);
    return body.run ?? "";
  }
  const pulled = (commit: string, more: object = {}): object => {
    const [payload] = githubPayloads("pull_request", "labeled");
    const repo = { full_name: PROJECT, id: 1 };
    const pull = {
      ...(payload?.["pull_request"] as object),
      head: { ref: "b", sha: commit, repo },
      base: { repo },
    };
    return { ...payload, pull_request: pull, ...more };
  };
  const become = (run: string, status: AgentRunStatus) =>
    client.patch(
      agentRuns,
      { namespace: at.namespace, name: run },
      { status },
      { type: "merge", subresource: "status" },
    );
  const ended = (phase: "Succeeded" | "Failed"): AgentRunStatus => ({
    phase,
    reason: phase === "Failed" ? "AgentFailed" : "Completed",
    message: "what the @agent said",
    completionTime: new Date().toISOString(),
  });
  const shown = (commit: string) =>
    forge.statuses
      .filter((each) => each.commit === commit)
      .map(({ state, description }) => `${state}: ${description}`);
  const last = (commit: string): string => shown(commit).at(-1) ?? "";

  it("follows the run on the head of the pull request, also over a restart", async () => {
    const run = await started(send("pull_request", pulled(HEAD)));
    await until(() => last(HEAD) === `pending: AgentRun ${run}: Pending`);
    await become(run, { phase: "Running" });
    await until(() => last(HEAD) === `pending: AgentRun ${run}: Running`);
    events.program.kill("SIGKILL");
    await events.program.ended;
    await start();
    const url = "https://github.com/Codertocat/Hello-World/pull/8";
    const commit = { branch: "agent/x", commit: OTHER, time: new Date().toISOString() };
    await become(run, { ...ended("Succeeded"), published: { ...commit, pullRequest: { number: 8, url } } });
    await until(() => last(HEAD) === `success: AgentRun ${run}: Succeeded (Completed)`);
    assert.deepEqual(
      shown(HEAD).map((each) => each.split(":")[0]),
      ["pending", "pending", "success"],
      "none is set twice",
    );
    assert.deepEqual([...new Set(forge.statuses.map(({ context }) => context))], ["agent-operator/checks"]);
    assert.equal(forge.statuses.at(-1)?.url, url);
    assert.deepEqual(forge.breaches, []);
  });

  it("asks for the head of a pull request that was commented on, and shows the newest run for it", async () => {
    const [payload] = githubPayloads("issue_comment", "created");
    const comment = (id: number) => ({
      ...payload,
      issue: { ...(payload?.["issue"] as object), number: 7, pull_request: {} },
      comment: { ...(payload?.["comment"] as object), id },
    });
    const names = [
      await started(send("issue_comment", comment(1))),
      await started(send("issue_comment", comment(2))),
    ];
    // Those of one second go by name.
    const made = await Promise.all(
      names.map((name) => client.get(agentRuns, { namespace: at.namespace, name })),
    );
    const ages = made.map(({ metadata: { creationTimestamp, name = "" } }) => [
      `${creationTimestamp} ${name}`,
      name,
    ]);
    const [first = "", second = ""] = ages.toSorted().map(([, name]) => name);
    await until(() => last(OTHER) === `pending: AgentRun ${second}: Pending`);
    await become(first, ended("Succeeded"));
    await become(second, ended("Failed"));
    await until(() => last(OTHER) === `failure: AgentRun ${second}: Failed (AgentFailed)`);
    assert.ok(!shown(OTHER).some((each) => each.startsWith("success")), "the older run shows no more");
    assert.deepEqual(forge.breaches, []);
  });

  it("starts no run for a status of its own, and sets none where there is no commit", async () => {
    const [payload] = githubPayloads("status", "");
    const about = { ...payload, sha: HEAD, state: "failure", repository: { full_name: PROJECT } };
    const sender = { login: "Codertocat", type: "User" };
    const own = await send("status", { ...about, sender, context: "agent-operator/checks" });
    assert.equal(own.body.reason, "OwnEvent", own.body.message);
    const before = forge.statuses.length;
    const [issue] = githubPayloads("issues", "labeled");
    const of = await started(send("issues", { ...issue, label: { name: "x" } }));
    const run = await client.get(agentRuns, { namespace: at.namespace, name: of });
    assert.equal(run.metadata.annotations?.["agent.xonovex.com/report-commit"], undefined);
    await started(send("status", { ...about, sender, context: "ci/other" }));
    await until(() => last(HEAD).startsWith("pending"));
    assert.equal(forge.statuses.length, before + 1);
  });

  it("says what the forge refuses", async () => {
    forge.fault = ({ method, path }) =>
      method === "POST" && path.includes("/statuses/")
        ? { status: 403, body: { message: "Resource not accessible by personal access token" } }
        : undefined;
    await started(send("pull_request", pulled("c".repeat(40))));
    await until(async () => {
      const { items } = await client.list(kubeEvents, { namespace: at.namespace });
      return items.some(
        ({ reason, note }) => reason === "ReportFailed" && /403: Resource not/.test(note ?? ""),
      );
    });
  });
});
