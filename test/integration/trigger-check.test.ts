import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentRun, AgentRunStatus } from "../../src/api/agent-run.ts";
import { agentRuns, agentTriggers } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { events as kubeEvents, secrets } from "../../src/kube/builtin.ts";
import { type Answered, deliver, githubPayloads } from "../support/deliveries.ts";
import { type ForgeCheck, type LoopbackForge, startForge } from "../support/forge/forge.ts";
import { aSecret } from "../support/objects.ts";
import { startEventsProgram } from "../support/operator-program.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

const SECRET = "s3cret-of-the-hook";
const PROJECT = "Codertocat/Hello-World";
const HEAD = "a".repeat(40);
const OTHER = "b".repeat(40);
const NAME = "agent-operator/checks";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

describe("a trigger that reports by a check run of a GitHub App", { timeout: 120_000 }, () => {
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
        token: "another",
        writers: ["Codertocat"],
        commitOf: () => Promise.resolve(undefined),
        app: {
          id: "12",
          installation: "345",
          publicKey,
          repositories: [PROJECT],
          permissions: { metadata: "read", contents: "read", pull_requests: "read", checks: "write" },
          token: "ghs_minted0000",
          slug: "our-agents",
        },
      }),
    );
    const stored = {
      githubAppID: "12",
      githubAppInstallationID: "345",
      githubAppPrivateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
      githubAppBaseURL: forge.apiURL,
    };
    for (const [name, data] of Object.entries({ hook: { key: SECRET }, app: stored }))
      await client.create(secrets, { ...aSecret(name, data), metadata: { name, namespace } });
    await start();
    stack.defer(() => void events.program.kill("SIGKILL"));
    const { repository: _, ...run } = runNamed("any").spec;
    await client.create(agentTriggers, {
      metadata: at,
      spec: {
        webhook: { source: "GitHub", secretRef: { name: "hook", key: "key" } },
        repository: PROJECT,
        credential: { githubAppRef: { name: "app" } },
        report: { status: true },
        runTemplate: { spec: { ...run, repository: { url: `${forge.url}/${PROJECT}.git` } } },
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
      assert.ok(tries < 600, `this does not come true: ${String(condition)} ${JSON.stringify(forge.checks)}`);
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
  /** A run about the head of the pull request. */
  async function started(commit: string, change: number): Promise<AgentRun> {
    const [payload] = githubPayloads("pull_request", "labeled");
    const repo = { full_name: PROJECT, id: 1 };
    const given = payload?.["pull_request"] as object;
    const pull = { ...given, comments: change, head: { ref: "b", sha: commit, repo }, base: { repo } };
    const { body } = await send("pull_request", { ...payload, pull_request: pull });
    assert.equal(body.reason, "RunCreated", body.message);
    return client.get(agentRuns, { namespace: at.namespace, name: body.run ?? "" });
  }
  const become = ({ metadata: { name = "" } }: AgentRun, status: AgentRunStatus) =>
    client.patch(
      agentRuns,
      { namespace: at.namespace, name },
      { status },
      { type: "merge", subresource: "status" },
    );
  const ended = (phase: "Succeeded" | "TimedOut", reason: string): AgentRunStatus => ({
    phase,
    reason,
    message: "what the @agent said",
    completionTime: new Date().toISOString(),
  });
  const checkOf = ({ metadata }: AgentRun): ForgeCheck | undefined =>
    forge.checks.find(({ app, externalId }) => app === "our-agents" && externalId === metadata.uid);
  const shown = (run: AgentRun): string => {
    const { status, conclusion, title } = checkOf(run) ?? {};
    return `${[status, conclusion].filter((each) => each !== undefined).join(" ")}: ${title}`;
  };

  it("follows the run, also over a restart, whatever another App calls its own", async () => {
    const run = await started(HEAD, 1);
    const { name, uid = "" } = run.metadata;
    await until(() => shown(run) === `queued: AgentRun ${name}: Pending`);
    const other = { ...(checkOf(run) as ForgeCheck), id: 99, app: "another-app", title: "its own" };
    forge.checks.push(other);
    await become(run, { phase: "Running" });
    await until(() => shown(run) === `in_progress: AgentRun ${name}: Running`);
    events.program.kill("SIGKILL");
    await events.program.ended;
    await start();
    const url = "https://github.com/Codertocat/Hello-World/pull/8";
    const commit = { branch: "agent/x", commit: OTHER, time: new Date().toISOString() };
    const published = { ...commit, pullRequest: { number: 8, url } };
    await become(run, { ...ended("Succeeded", "Completed"), published });
    await until(() => shown(run) === `completed success: AgentRun ${name}: Succeeded (Completed)`);
    const { id: _, ...check } = checkOf(run) as ForgeCheck;
    const said = `AgentRun ${name}: Succeeded (Completed)`;
    assert.deepEqual(check, {
      app: "our-agents",
      commit: HEAD,
      name: NAME,
      externalId: uid,
      status: "completed",
      conclusion: "success",
      title: said,
      summary: said,
      url,
      writes: 3,
    });
    assert.deepEqual([forge.checks.length, other.title, forge.statuses], [2, "its own", []]);
    const permissions = { metadata: "read", pull_requests: "read", checks: "write", contents: "read" };
    for (const { body } of forge.requests.filter(({ path }) => path.startsWith("app/installations")))
      assert.deepEqual(body, { repositories: ["Hello-World"], permissions });
    assert.deepEqual(forge.breaches, []);
  });

  it("ends the check of a run that a later one for the commit takes over from", async () => {
    const first = await started(OTHER, 1);
    await until(() => shown(first).startsWith("queued"));
    // Those of one second go by name.
    await until(() => Date.now() >= Date.parse(first.metadata.creationTimestamp ?? "") + 1000);
    const second = await started(OTHER, 2);
    await until(() => shown(second).startsWith("queued"));
    assert.equal(shown(first), "completed cancelled: A later run shows how it goes");
    await become(first, ended("Succeeded", "Completed"));
    await become(second, ended("TimedOut", "DeadlineExceeded"));
    await until(() => shown(second).startsWith("completed timed_out"));
    assert.equal(shown(first), "completed cancelled: A later run shows how it goes");
    assert.deepEqual(forge.breaches, []);
  });

  it("starts no run for a check or a check suite of its own", async () => {
    const [run] = githubPayloads("check_run", "completed");
    const about = (name: string) => ({
      ...run,
      check_run: { ...(run?.["check_run"] as object), name, conclusion: "failure" },
    });
    const own = await send("check_run", about(NAME));
    assert.equal(own.body.reason, "OwnEvent", own.body.message);
    const [suite] = githubPayloads("check_suite", "completed");
    const given = suite?.["check_suite"] as { app: object };
    const of = (slug: string) => ({ ...suite, check_suite: { ...given, app: { ...given.app, slug } } });
    const ownSuite = await send("check_suite", of("our-agents"));
    assert.equal(ownSuite.body.reason, "OwnEvent", ownSuite.body.message);
    for (const answer of [
      await send("check_run", about("build")),
      await send("check_suite", of("another-app")),
    ])
      assert.equal(answer.body.reason, "RunCreated", answer.body.message);
  });

  it("says what GitHub refuses", async () => {
    forge.fault = ({ method, path }) =>
      method === "POST" && path.endsWith("/check-runs")
        ? { status: 403, body: { message: "Resource not accessible by integration" } }
        : undefined;
    await started("c".repeat(40), 1);
    await until(async () => {
      const { items } = await client.list(kubeEvents, { namespace: at.namespace });
      return items.some(
        ({ reason, note }) => reason === "ReportFailed" && /403: Resource not/.test(note ?? ""),
      );
    });
  });
});
