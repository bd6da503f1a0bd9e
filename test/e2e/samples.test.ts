import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { agentRuns } from "../../src/api/resources.ts";
import { watchResource } from "../../src/client/watch.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { locateTool } from "../../scripts/tools.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { startCommand } from "../support/operator-program.ts";
import { projectRoot } from "../support/project-files.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const SECRETS = {
  "gemini-credentials": "api-key",
  "anthropic-credentials": "api-key",
  "openai-credentials": "api-key",
  "github-push": "token",
};

/** dev runs no images, and the program of this one's database is what its image starts. */
const NEEDS_IMAGES = "migrate-orders";

/** GitHub gives nobody a token here; test/e2e/github-app.test.ts runs the like of it. */
const NEEDS_GITHUB = "update-changelog";

/** What the samples expect of a repository. */
const PROJECT = {
  "README.md": "# A project\n",
  Makefile: "docs-check:\n\ttest -s README.md\n",
  "package.json": '{ "name": "project", "private": true, "scripts": { "migrate": "true" } }\n',
  "package-lock.json":
    '{ "name": "project", "lockfileVersion": 3, "requires": true, "packages": { "": { "name": "project" } } }\n',
};

it("every sample runs to its end on what dev starts, and succeeds", { timeout: 300_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const repository = await createGitRepository(join(path, "repository"), PROJECT);
  await repository.git("branch", "feature/auth");
  const tools = await quickAgentTools(join(path, "agent"));
  await writeFile(join(tools, "aider"), "#!/bin/sh\ntest -s /tmp/agent-prompt && echo Done\n", {
    mode: 0o755,
  });
  const cluster = stack.use(
    await startLocalCluster({
      dataDir: join(path, "cluster"),
      packageRoot: projectRoot,
      path: process.env["PATH"] ?? "",
      toolDirectories: [tools],
      gitMirrors: { "https://github.com/org/repo.git": repository.path },
      hosts: { "litellm-proxy": "127.0.0.1" },
      operator: { logFile: join(path, "operator.log") },
    }),
  );
  const { client, kubeconfigPath: kubeconfig } = cluster;
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const kubectl = async (...args: string[]): Promise<string> =>
    runOk(await locateTool("kubectl"), args, { env, timeoutMs: 60_000 });
  for (const [name, key] of Object.entries(SECRETS))
    await kubectl("create", "secret", "generic", name, `--from-literal=${key}=any`);
  await kubectl("apply", "-k", join(projectRoot, "config", "samples"));
  const namespace = "default";
  const started = await startCommand({ kubeconfig, namespace } as never, [
    "start",
    "schedule/update-dependencies",
    "--detach",
  ]).ended;
  assert.equal(started.code, 0, started.stderr);

  const { items } = await client.list(agentRuns, { namespace });
  assert.ok(items.length > 10);
  assert.ok(items.some(({ metadata }) => metadata.name === NEEDS_IMAGES));
  const left = new Set<string | undefined>([NEEDS_IMAGES, NEEDS_GITHUB]);
  const wanted = items.filter(({ metadata }) => !left.has(metadata.name));
  const ends = new Map(wanted.map(({ metadata }) => [metadata.name, "not ended"]));
  const signal = AbortSignal.timeout(270_000);
  for await (const event of watchResource(client, agentRuns, { namespace, signal })) {
    if (event.kind !== "upsert" || !isFinished(event.object)) continue;
    const { metadata, status } = event.object;
    if (!ends.has(metadata.name)) continue;
    ends.set(
      metadata.name,
      `${status?.phase} ${status?.reason} ${status?.phase === "Succeeded" ? "" : status?.message}`.trim(),
    );
    if (![...ends.values()].includes("not ended")) break;
  }
  assert.deepEqual(
    [...ends].filter(([, end]) => end !== "Succeeded Completed"),
    [],
  );
});
