import { mkdtemp, realpath, rm, chmod } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentRun } from "../api/agent-run.ts";
import type { AgentType } from "../api/agent-types.ts";
import { agentConfigs, agentProviders, agentRuns } from "../api/resources.ts";
import type { Client } from "../client/client.ts";
import { secrets } from "../kube/builtin.ts";
import type { LocalCluster, LocalClusterOptions } from "../local/local-cluster.ts";
import { startLocalCluster } from "../local/local-cluster.ts";
import { followLog, followRun, isFinal } from "./follow-run.ts";
import { buildDemoObjects, DEMO_NAMESPACE } from "./manifests.ts";
import type { DemoObjects } from "./manifests.ts";
import { startModelEndpoint } from "./model-endpoint.ts";
import { readPatch } from "./patch.ts";
import { createDemoRepository, openRepository } from "./repository.ts";
import type { DemoRepository } from "./repository.ts";
import { fixGreeting, leaveNote } from "./scenarios.ts";
import type { Utterance } from "./transcript.ts";
import { utterancesOf } from "./transcript.ts";

/** Known by name and price to both agents. */
const MODEL = "claude-sonnet-4-5";
const RUN_NAME = "demo";
const LAST_WORDS_MS = 2_000;

export interface DemoOptions {
  agent: AgentType;
  /** A path or URL; without it a small new repository is made. */
  repo?: string;
  prompt?: string;
  /** The key of the real model service; without it the scripted one answers. */
  liveKey?: string;
  packageRoot: string;
  temporaryDirectory: string;
  workingDirectory: string;
  homeDirectory: string;
  /** Search path for git and for what containers run. */
  path: string;
  signal: AbortSignal;
}

/** What happens, told as it happens. */
export interface DemoAudience {
  started(cluster: LocalCluster, repository: DemoRepository): void;
  applied(objects: DemoObjects): void;
  /** Called for each new phase or reason, the last time with the final run. */
  changed(run: AgentRun): void;
  heard(utterance: Utterance): void;
  /** The run has ended; `patch` is what it changed, in git's format. */
  ended(run: AgentRun, patch: string | undefined): Promise<void>;
}

/**
 * One AgentRun from its manifest to its result, in a cluster of its own, below a temporary directory
 * that is removed at the end, whatever the end is. Resolves to the final run, or to undefined when
 * `signal` aborted first.
 */
export async function runDemo(options: DemoOptions, audience: DemoAudience): Promise<AgentRun | undefined> {
  await using stack = new AsyncDisposableStack();
  const directory = await realpath(await mkdtemp(join(options.temporaryDirectory, "agent-operator-demo-")));
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  // Containers run as another user.
  await chmod(directory, 0o755);
  const repository = await prepareRepository(options, directory);
  const modelUrl = options.liveKey === undefined ? await startModel(options, stack) : undefined;
  const cluster = stack.use(await startLocalCluster(clusterOptions(options, directory, repository)));
  if (options.signal.aborted) return undefined;
  audience.started(cluster, repository);

  const objects = buildDemoObjects({
    agent: options.agent,
    runName: RUN_NAME,
    prompt: options.prompt ?? promptFor(options),
    repository: { url: repository.url, branch: repository.branch },
    apiKey: options.liveKey ?? "any-key-will-do",
    modelUrl,
    model: MODEL,
  });
  await applyObjects(cluster.client, objects);
  audience.applied(objects);
  const run = await followToEnd(cluster.client, options.signal, audience);
  if (run === undefined) return undefined;
  await audience.ended(run, await readPatch(cluster.client, { namespace: DEMO_NAMESPACE, name: RUN_NAME }));
  return run;
}

function clusterOptions(
  options: DemoOptions,
  directory: string,
  repository: DemoRepository,
): LocalClusterOptions {
  return {
    dataDir: join(directory, "cluster"),
    packageRoot: options.packageRoot,
    path: options.path,
    gitMirrors: repository.mirrorPath === undefined ? {} : { [repository.url]: repository.mirrorPath },
    operator: { logFile: join(directory, "operator.log") },
  };
}

function prepareRepository(options: DemoOptions, directory: string): Promise<DemoRepository> {
  const git = { path: options.path, home: options.homeDirectory };
  return options.repo === undefined
    ? createDemoRepository(directory, git)
    : openRepository(options.repo, directory, options.workingDirectory, git);
}

async function startModel(options: DemoOptions, stack: AsyncDisposableStack): Promise<string> {
  const scenario = options.repo === undefined ? fixGreeting : leaveNote;
  const endpoint = await startModelEndpoint({ scenario });
  stack.defer(() => endpoint.close());
  return endpoint.url;
}

function promptFor(options: DemoOptions): string {
  return options.repo === undefined
    ? "Run ./test.sh. It fails because greet.sh has a typo: fix it, run the test again and commit the change."
    : "Leave a note in NOTES.md that an agent was here, and commit it.";
}

async function applyObjects(client: Client, { secret, provider, config, run }: DemoObjects): Promise<void> {
  await client.create(secrets, secret);
  await client.create(agentProviders, provider);
  await client.create(agentConfigs, config);
  await client.create(agentRuns, run);
}

/** Tells the audience about each change, and what the agent says as soon as it runs. */
async function followToEnd(
  client: Client,
  signal: AbortSignal,
  audience: DemoAudience,
): Promise<AgentRun | undefined> {
  const listening = new AbortController();
  const stopListening = AbortSignal.any([signal, listening.signal]);
  let said: Promise<void> | undefined;
  try {
    for await (const run of followRun(client, { namespace: DEMO_NAMESPACE, name: RUN_NAME }, signal)) {
      const podName = run.status?.podName;
      if (isFinal(run)) {
        // The log ends with the container: what it still holds is told before the end is.
        await Promise.race([said, sleep(LAST_WORDS_MS, undefined, { signal: stopListening, ref: false })]);
        audience.changed(run);
        return run;
      }
      audience.changed(run);
      if (run.status?.phase === "Running" && podName !== undefined) {
        said ??= listen(client, podName, stopListening, audience);
      }
    }
    return undefined;
  } finally {
    listening.abort();
  }
}

/** The display of what the agent says is a courtesy: a log that cannot be read does not fail the demo. */
async function listen(
  client: Client,
  podName: string,
  signal: AbortSignal,
  audience: DemoAudience,
): Promise<void> {
  try {
    for await (const line of followLog(client, { namespace: DEMO_NAMESPACE, podName }, signal)) {
      for (const utterance of utterancesOf(line)) audience.heard(utterance);
    }
  } catch {
    // The result in the run's status tells what was said last.
  }
}
