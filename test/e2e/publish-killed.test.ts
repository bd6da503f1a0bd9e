import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { agentRuns } from "../../src/api/resources.ts";
import { unlessRefused } from "../../src/client/errors.ts";
import { watchResource } from "../../src/client/watch.ts";
import { pods, secrets } from "../../src/kube/builtin.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { startChaosProxy } from "../support/chaos-proxy.ts";
import { startTestCluster, type TestCluster } from "../support/cluster.ts";
import { startForge, type LoopbackForge } from "../support/forge/forge.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aRun, aSecret } from "../support/objects.ts";
import { startOperatorProgram } from "../support/operator-program.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor } from "../support/wait-for.ts";

const TOKEN = "t0ken-of-the-forge";
const PROJECT = "team/repository";
const KILLS = 20;
/** Longer than any step of a run, so that a kill may come in each of them. */
const MOMENT_MS = 1_500;

/** As long as an API server that was killed takes to be back. */
const OUTAGE_MS = 1_000;

it(
  "each run has one branch and one pull request, though the operator is killed at twenty moments",
  { timeout: 400_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const publishing = await startPublishing(stack);
    let operator = await startOperatorProgram(publishing.cluster);
    stack.defer(() => operator.kill("SIGKILL"));
    await disturbed(publishing, async () => {
      operator.kill("SIGKILL");
      await operator.ended;
      operator = await startOperatorProgram(publishing.cluster);
    });
  },
);

it(
  "each run has one branch and one pull request, though the API server is lost at twenty moments",
  { timeout: 400_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const publishing = await startPublishing(stack);
    const { cluster, path } = publishing;
    const direct = await readFile(cluster.kubeconfig, "utf8");
    const server = /https:\/\/127\.0\.0\.1:\d+/.exec(direct)?.[0] ?? "";
    const proxy = stack.use(await startChaosProxy(server));
    const kubeconfig = join(path, "kubeconfig");
    await writeFile(kubeconfig, direct.replaceAll(server, `https://127.0.0.1:${proxy.port}`));
    const operator = await startOperatorProgram({ ...cluster, kubeconfig });
    stack.defer(() => operator.kill("SIGKILL"));
    await disturbed(publishing, async () => {
      // What was on its way has arrived or not: the operator never knows which.
      proxy.refuse(true);
      proxy.cutAll();
      await sleep(OUTAGE_MS);
      proxy.refuse(false);
    });
  },
);

it(
  "each verification passes or fails by its command alone, though its pod is deleted at some moment",
  { timeout: 400_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const publishing = await startPublishing(stack);
    const { client, namespace } = publishing.cluster;
    const operator = await startOperatorProgram(publishing.cluster);
    stack.defer(() => operator.kill("SIGKILL"));
    const runs = Array.from({ length: KILLS }, (_, index) => ({ name: `run-${index}`, exitCode: index % 2 }));
    await inPairs(runs, async ({ name, exitCode }) => {
      const run = publishingRun(name, publishing, `sleep 1; exit ${exitCode}`);
      await client.create(agentRuns, { ...run, metadata: { name, namespace } });
      const pod = await podOfStep(publishing.cluster, name);
      await sleep(Math.random() * MOMENT_MS);
      await unlessRefused(
        client.delete(pods, { namespace, name: pod }, { gracePeriodSeconds: 0 }),
        "NotFound",
      );
      const { status } = await waitFor(client, agentRuns, { namespace, name }, isFinished, 120_000);
      assert.equal(
        status?.reason,
        exitCode === 0 ? "Completed" : "VerificationFailed",
        `${name}: ${status?.message}`,
      );
      const isPublished = (await publishing.commitOf(`agent/${name}`)) !== undefined;
      assert.equal(isPublished, exitCode === 0, name);
    });
    assert.equal(publishing.forge.pulls.length, KILLS / 2);
  },
);

/** Two at a time, as many as this machine surely has processors for. */
async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(
    [left, left].map(async (each) => {
      for (const item of each) await work(item);
    }),
  );
}

/** Resolves to the name of the pod that verifies this run, once there is one. */
async function podOfStep({ client, namespace }: TestCluster, run: string): Promise<string> {
  const labelSelector = `agent.xonovex.com/step=verify,agent.xonovex.com/run=${run}`;
  const signal = AbortSignal.timeout(120_000);
  for await (const event of watchResource(client, pods, { namespace, labelSelector, signal }))
    if (event.kind === "upsert") return event.object.metadata.name ?? "";
  throw new Error(`${run} was not verified`);
}

interface Publishing {
  cluster: TestCluster;
  forge: LoopbackForge;
  /** The repository's. */
  url: string;
  commitOf: (branch: string) => Promise<string | undefined>;
  /** A directory for files. */
  path: string;
}

/** A cluster without an operator, a remote and a forge for it, and the Secret with their token. */
async function startPublishing(stack: AsyncDisposableStack): Promise<Publishing> {
  const { path } = stack.use(await temporaryDirectory());
  const repository = await createGitRepository(join(path, PROJECT));
  await repository.git("config", "http.receivepack", "true");
  const server = await startGitHttpServer({ root: path, user: "x-access-token", password: TOKEN });
  stack.defer(() => server.close());
  const { commitOf } = repository;
  const forge = stack.use(await startForge({ kind: "GitHub", project: PROJECT, token: TOKEN, commitOf }));
  const cluster = await startTestCluster({ operator: false, pods: "here" }, stack);
  const { client, namespace } = cluster;
  await client.create(secrets, {
    ...aSecret("push", { token: TOKEN }),
    metadata: { name: "push", namespace },
  });
  return { cluster, forge, url: `${server.url}/${PROJECT}`, commitOf, path };
}

/** Starts a run for each disturbance, which comes at some moment of it, and sees that each has come to its end once. */
async function disturbed(publishing: Publishing, disturb: () => Promise<void>): Promise<void> {
  const { client, namespace } = publishing.cluster;
  const names = Array.from({ length: KILLS }, (_, index) => `run-${index}`);
  for (const name of names) {
    const run = publishingRun(name, publishing);
    await client.create(agentRuns, { ...run, metadata: { name, namespace } });
    await sleep(Math.random() * MOMENT_MS);
    await disturb();
  }
  for (const name of names) {
    const { status } = await waitFor(client, agentRuns, { namespace, name }, isFinished, 120_000);
    assert.equal(status?.phase, "Succeeded", `${name}: ${status?.message}`);
    const pulls = publishing.forge.pulls.filter(({ branch }) => branch === `agent/${name}`);
    assert.equal(pulls.length, 1, name);
    assert.equal(status.published?.pullRequest?.number, pulls[0]?.number);
    assert.equal(status.published?.commit, await publishing.commitOf(`agent/${name}`));
    assert.equal(pulls[0]?.commit, status.published?.commit);
  }
  assert.equal(publishing.forge.pulls.length, KILLS);
  assert.deepEqual(publishing.forge.breaches, []);
}

function publishingRun(
  name: string,
  { url, forge }: Publishing,
  check = `test -s ${name}`,
): ReturnType<typeof aRun> {
  const credentialsSecretRef = { name: "push", key: "token" };
  return aRun(name, url, {
    agent: "custom",
    command: ["sh", "-c", `echo ${name} >${name}; git add .; git commit --quiet --message ${name}`],
    repository: { url, branch: "main", credentialsSecretRef },
    verify: { command: ["sh", "-c", check] },
    publish: { credentialsSecretRef, pullRequest: { forge: "GitHub", apiURL: forge.apiURL } },
  });
}
