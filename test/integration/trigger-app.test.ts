import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentTrigger } from "../../src/api/agent-trigger.ts";
import { LABEL_TRIGGER } from "../../src/api/labels.ts";
import { agentRuns, agentTriggers } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { events as kubeEvents, secrets } from "../../src/kube/builtin.ts";
import { githubPayloads } from "../support/deliveries.ts";
import { type LoopbackForge, startForge } from "../support/forge/forge.ts";
import type { LoopbackApp } from "../support/forge/github-app.ts";
import { aSecret } from "../support/objects.ts";
import { startEventsProgram } from "../support/operator-program.ts";
import type { RunningProgram } from "../support/run.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

const PROJECT = "Codertocat/Hello-World";
const TOKEN = "ghs_minted0000";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = privateKey.export({ type: "pkcs1", format: "pem" }).toString();

describe("a trigger whose credential is a GitHub App", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  const at = { name: "apps", namespace: "" };
  let client: Client;
  let app: LoopbackApp;
  let forge: LoopbackForge;
  let cluster: { kubeconfig: string; namespace: string };
  let component: RunningProgram;
  let said = "";
  let numbers = 0;

  before(async () => {
    const plane = await startRunPlane(stack);
    client = plane.admin;
    at.namespace = plane.namespace;
    cluster = { kubeconfig: plane.listening.kubeconfigPath ?? "", namespace: plane.namespace };
    app = {
      id: "12",
      installation: "345",
      publicKey,
      repositories: [PROJECT],
      permissions: { metadata: "read", contents: "read", pull_requests: "write", issues: "write" },
      token: TOKEN,
      slug: "our-agents",
    };
    const commitOf = () => Promise.resolve(undefined);
    const writers = ["Codertocat"];
    forge = stack.use(
      await startForge({ kind: "GitHub", project: PROJECT, token: "other", writers, commitOf, app }),
    );
    await start();
    stack.defer(() => void component.kill("SIGKILL"));
    const { repository: _, ...run } = runNamed("any").spec;
    await client.create(agentTriggers, {
      metadata: at,
      spec: {
        poll: { source: "GitHub", intervalSeconds: 1 },
        repository: PROJECT,
        credential: { githubAppRef: { name: "app" } },
        report: { comment: true },
        when: "event.action == 'labeled'",
        runTemplate: { spec: { ...run, repository: { url: `${forge.url}/${PROJECT}.git` } } },
      },
    });
  });
  after(() => stack.disposeAsync());

  async function start(): Promise<void> {
    component = (await startEventsProgram(cluster, ["--allow-local-urls"])).program;
  }
  async function kill(): Promise<void> {
    component.kill("SIGKILL");
    const { stdout, stderr } = await component.ended;
    said += stdout + stderr;
  }
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await condition()); tries += 1) {
      assert.ok(tries < 600, `this does not come true: ${String(condition)}`);
      await sleep(100);
    }
  }
  const becomes = (reason: string): Promise<AgentTrigger> =>
    waitFor(client, agentTriggers, at, ({ status }) => status?.conditions?.[0]?.reason === reason);
  const runs = async () =>
    (await client.list(agentRuns, { namespace: at.namespace, labelSelector: `${LABEL_TRIGGER}=${at.name}` }))
      .items;
  const minted = () => forge.requests.filter(({ path }) => path.startsWith("app/installations"));
  function labeled(login: string): void {
    const [payload] = githubPayloads("issues", "labeled");
    const { action, issue, label } = payload as { action: string; issue: object; label: object };
    numbers += 1;
    const about = { action, issue: { ...issue, number: numbers }, label };
    const id = String(22_000_000_000 + numbers);
    forge.events.push({ id, type: "IssuesEvent", login, payload: about, at: new Date().toISOString() });
  }
  const stored = (githubAppPrivateKey: string): Record<string, string> => ({
    githubAppID: "12\n",
    githubAppInstallationID: "345",
    githubAppPrivateKey,
    githubAppBaseURL: forge.apiURL,
  });

  it("says which key is missing, and what GitHub says of another App's", async () => {
    const { status } = await becomes("SecretNotFound");
    assert.match(status?.conditions?.[0]?.message ?? "", /^Secret app, which holds the GitHub App,/);
    const own = { ...aSecret("app", stored("")), metadata: { name: "app", namespace: at.namespace } };
    await client.create(secrets, own);
    // It is looked for every half minute, and at each change of the trigger.
    const touch = (intervalSeconds: number) =>
      client.patch(agentTriggers, at, { spec: { poll: { intervalSeconds } } }, { type: "merge" });
    const give = (pem: string) =>
      client.patch(
        secrets,
        { ...at, name: "app" },
        { data: { githubAppPrivateKey: Buffer.from(pem).toString("base64") } },
        { type: "merge" },
      );
    const touchedUntil = async (reason: string, message: RegExp): Promise<void> => {
      let seconds = 1;
      await until(async () => {
        seconds = 3 - seconds;
        await touch(seconds);
        await sleep(500);
        const [ready] = (await client.get(agentTriggers, at)).status?.conditions ?? [];
        return ready?.reason === reason && message.test(ready.message);
      });
    };
    await touchedUntil("KeyNotFound", /has no key githubAppPrivateKey/);
    const another = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    await give(another.export({ type: "pkcs1", format: "pem" }).toString());
    await touchedUntil(
      "PollFailed",
      /GitHub gives the App no token for Codertocat\/Hello-World: 401: A JSON web token could not be decoded/,
    );
    await give(PEM);
    await touchedUntil("Polling", /are asked for/);
    await touch(1);
  });

  it("polls, asks who may write and comments, with a token for the one repository and for no more", async () => {
    labeled("mallory");
    labeled("Codertocat");
    await until(async () => (await runs()).length === 1 && forge.comments.length === 1);
    const { status } = await waitFor(
      client,
      agentTriggers,
      at,
      (found) => found.status?.deliveries?.length === 2,
    );
    const reasons = status?.deliveries?.map(({ reason }) => reason).toSorted();
    assert.deepEqual(reasons, ["ActorRefused", "RunCreated"]);
    assert.equal(forge.comments[0]?.author, "our-agents[bot]");
    const permissions = { metadata: "read", pull_requests: "write", issues: "write", contents: "read" };
    for (const { body } of minted()) assert.deepEqual(body, { repositories: ["Hello-World"], permissions });
    const before = minted().length;
    labeled("Codertocat");
    await until(() => forge.comments.length === 2);
    assert.equal(minted().length, before, "a token serves as long as it is known");
    assert.deepEqual(forge.breaches, []);
  });

  it("finds its comment again after a restart", async () => {
    await kill();
    const [run] = await runs();
    const ended = { phase: "Succeeded", completionTime: new Date().toISOString(), message: "Done" };
    const of = { namespace: at.namespace, name: run?.metadata.name ?? "" };
    await client.patch(agentRuns, of, { status: ended }, { type: "merge", subresource: "status" });
    await start();
    await until(() => forge.comments.some(({ body }) => body.includes("**Succeeded**")));
    assert.equal(forge.comments.length, 2);
    assert.deepEqual(forge.breaches, []);
  });

  it("shows neither the key nor a token", async () => {
    await kill();
    const { namespace } = at;
    const objects = [
      await client.list(agentTriggers, { namespace }),
      await client.list(agentRuns, { namespace }),
      await client.list(kubeEvents, { namespace }),
    ];
    const shown = said + JSON.stringify(objects);
    for (const secret of [TOKEN, "PRIVATE KEY", "eyJ"]) assert.ok(!shown.includes(secret), secret);
  });
});
