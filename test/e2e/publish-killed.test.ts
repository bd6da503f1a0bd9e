import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { agentRuns } from "../../src/api/resources.ts";
import { secrets } from "../../src/kube/builtin.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { startTestCluster } from "../support/cluster.ts";
import { startForge } from "../support/forge/forge.ts";
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

it(
  "each run has one branch and one pull request, though the operator is killed at twenty moments",
  { timeout: 400_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryDirectory());
    const repository = await createGitRepository(join(path, PROJECT));
    await repository.git("config", "http.receivepack", "true");
    const server = await startGitHttpServer({ root: path, user: "x-access-token", password: TOKEN });
    stack.defer(() => server.close());
    const { commitOf } = repository;
    const forge = stack.use(await startForge({ kind: "GitHub", project: PROJECT, token: TOKEN, commitOf }));
    const cluster = await startTestCluster({ operator: false, pods: "here" }, stack);
    const { client, namespace } = cluster;
    const secret = aSecret("push", { token: TOKEN });
    await client.create(secrets, { ...secret, metadata: { name: "push", namespace } });
    const credentials = { name: "push", key: "token" };

    let operator = await startOperatorProgram(cluster);
    stack.defer(() => operator.kill("SIGKILL"));
    const names = Array.from({ length: KILLS }, (_, index) => `run-${index}`);
    for (const name of names) {
      const run = aRun(name, `${server.url}/${PROJECT}`, {
        agent: "custom",
        command: ["sh", "-c", `echo ${name} >${name}; git add .; git commit --quiet --message ${name}`],
        repository: {
          url: `${server.url}/${PROJECT}`,
          branch: "main",
          credentialsSecretRef: credentials,
        },
        verify: { command: ["test", "-s", name] },
        publish: {
          credentialsSecretRef: credentials,
          pullRequest: { forge: "GitHub", apiURL: forge.apiURL },
        },
      });
      await client.create(agentRuns, { ...run, metadata: { name, namespace } });
      await sleep(Math.random() * MOMENT_MS);
      operator.kill("SIGKILL");
      await operator.ended;
      operator = await startOperatorProgram(cluster);
    }

    for (const name of names) {
      const { status } = await waitFor(client, agentRuns, { namespace, name }, isFinished, 120_000);
      assert.equal(status?.phase, "Succeeded", `${name}: ${status?.message}`);
      const pulls = forge.pulls.filter(({ branch }) => branch === `agent/${name}`);
      assert.equal(pulls.length, 1, name);
      assert.equal(status.published?.pullRequest?.number, pulls[0]?.number);
      assert.equal(status.published?.commit, await commitOf(`agent/${name}`));
      assert.equal(pulls[0]?.commit, status.published?.commit);
    }
    assert.equal(forge.pulls.length, KILLS);
    assert.deepEqual(forge.breaches, []);
  },
);
