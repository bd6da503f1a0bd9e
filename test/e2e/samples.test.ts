import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { agentRuns } from "../../src/api/resources.ts";
import { watchResource } from "../../src/client/watch.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { locateTool } from "../../scripts/tools.ts";
import { prepareSamples } from "../../src/demo/samples.ts";
import { createKubectl } from "../support/kubectl.ts";
import { startCommand } from "../support/operator-program.ts";
import { checkoutProgram, projectRoot } from "../support/project-files.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import { runOk, start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const GIT = { path: process.env["PATH"] ?? "", home: homedir() };

// One test after the other: both need the port that the samples' provider names.
it("every sample runs to its end on what dev starts, and succeeds", { timeout: 300_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const samples = stack.use(await prepareSamples(path, GIT));
  const tools = await quickAgentTools(join(path, "agent"));
  const cluster = stack.use(
    await startLocalCluster({
      dataDir: join(path, "cluster"),
      packageRoot: projectRoot,
      path: process.env["PATH"] ?? "",
      toolDirectories: [tools, ...samples.toolDirectories],
      gitMirrors: samples.gitMirrors,
      hosts: samples.hosts,
      operator: { logFile: join(path, "operator.log") },
    }),
  );
  const { client, kubeconfigPath: kubeconfig } = cluster;
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const kubectl = async (...args: string[]): Promise<string> =>
    runOk(await locateTool("kubectl"), args, { env, timeoutMs: 60_000 });
  await samples.createSecrets(client, "default");
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
  const ends = new Map(items.map(({ metadata }) => [metadata.name, "not ended"]));
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

it(
  "dev --samples answers a sample's agent, shows its phases, counts it and serves the console",
  { timeout: 120_000 },
  async () => {
    await using directory = await temporaryDirectory();
    await using dev = start(
      process.execPath,
      [checkoutProgram, "dev", "--samples", "--data", join(directory.path, "data")],
      { cwd: projectRoot, timeoutMs: 110_000 },
    );
    const kubeconfig = (await dev.waitForOutput(/export KUBECONFIG=(\S+)/))[1] ?? "";
    const kubectl = await createKubectl(kubeconfig, "default");
    for (const sample of ["agentprovider", "fix-auth-bug", "result-schema"])
      await kubectl("apply", "-f", join(projectRoot, "config", "samples", `${sample}.yaml`));
    for (const phase of ["Initializing", "Running", "Succeeded"])
      await dev.waitForOutput(new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}default/fix-auth-bug {2}${phase}`, "m"));
    assert.match(
      await kubectl("get", "agentrun", "fix-auth-bug", "-o", "jsonpath={.status.result.text}"),
      /NOTES\.md is written/,
    );
    await dev.waitForOutput(/^\d\d:\d\d:\d\d {2}default\/rate-risk {2}Succeeded/m);
    assert.equal(
      await kubectl("get", "agentrun", "rate-risk", "-o", "jsonpath={.status.result.data}"),
      '{"risk":"low","files":[]}',
    );
    const metrics = (await dev.waitForOutput(/^metrics are at (\S+)$/m))[1] ?? "";
    assert.match(
      await (await fetch(metrics)).text(),
      /^agent_operator_runs_finished_total\{.*phase="Succeeded".*\} 2$/m,
    );
    dev.kill("SIGTERM");
    assert.equal((await dev.ended).code, 0);
  },
);
