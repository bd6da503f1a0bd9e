import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { agentConfigs, agentProviders } from "../api/resources.ts";
import type { Client } from "../client/client.ts";
import { secrets } from "../kube/builtin.ts";
import type { LocalCluster } from "../local/local-cluster.ts";
import { startLocalCluster } from "../local/local-cluster.ts";
import type { NamespaceObjects } from "./manifests.ts";
import { startModelEndpoint } from "./model-endpoint.ts";
import type { ScenarioOf } from "./model-scenario.ts";
import { startGitServer } from "./git-server.ts";
import { createDemoRepository, createRemote, openRepository } from "./repository.ts";
import type { DemoRepository } from "./repository.ts";

/** What the scripted model takes as well as any other. */
export const ANY_KEY = "any-key-will-do";

export interface StageOptions {
  /** A path or URL; without it a small new repository is made. */
  repo?: string;
  prompt?: string;
  /** The real model service: its key, the variable for that if it is not the usual one, and its address if it has its own; without it the scripted one answers. */
  live?: { key: string; variable?: string; address?: string | undefined };
  packageRoot: string;
  /** Directories with the agents' programs. */
  toolDirectories: readonly string[];
  temporaryDirectory: string;
  workingDirectory: string;
  homeDirectory: string;
  /** Search path for git and for what containers run. */
  path: string;
  signal: AbortSignal;
  /** Whether the repository is on a server that can be pushed to. */
  onServer?: boolean;
}

/** What a demo plays on. */
export interface Stage {
  cluster: LocalCluster;
  repository: DemoRepository;
  /** Undefined if the real service answers. */
  modelUrl: string | undefined;
}

/**
 * A cluster with the operator, a repository and a model, below a temporary directory that is removed with
 * all of it by `stack`.
 */
export async function setStage(
  options: StageOptions,
  scenario: ScenarioOf,
  stack: AsyncDisposableStack,
): Promise<Stage> {
  const directory = await realpath(await mkdtemp(join(options.temporaryDirectory, "agent-operator-demo-")));
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  // Containers run as another user.
  await chmod(directory, 0o755);
  const made = await prepareRepository(options, directory);
  const repository = options.onServer ? await putOnServer(options, made, directory, stack) : made;
  const modelUrl = options.live ? options.live.address : await startModel(scenario, stack);
  const cluster = stack.use(
    await startLocalCluster({
      dataDir: join(directory, "cluster"),
      packageRoot: options.packageRoot,
      toolDirectories: options.toolDirectories,
      path: options.path,
      gitMirrors: repository.mirrorPath === undefined ? {} : { [repository.url]: repository.mirrorPath },
      operator: { logFile: join(directory, "operator.log") },
    }),
  );
  return { cluster, repository, modelUrl };
}

/** What may push to the demo's server. */
export const PUSH_TOKEN = "demo-token-to-push-with";

/** A bare copy of the repository, on a server on loopback. */
async function putOnServer(
  options: StageOptions,
  made: DemoRepository,
  directory: string,
  stack: AsyncDisposableStack,
): Promise<DemoRepository> {
  const root = join(directory, "server");
  await createRemote(made, join(root, "greeter.git"), { path: options.path, home: options.homeDirectory });
  const server = stack.use(await startGitServer({ root, path: options.path, token: PUSH_TOKEN }));
  return { url: `${server.url}/greeter.git`, branch: made.branch };
}

function prepareRepository(options: StageOptions, directory: string): Promise<DemoRepository> {
  const git = { path: options.path, home: options.homeDirectory };
  return options.repo === undefined
    ? createDemoRepository(directory, git)
    : openRepository(options.repo, directory, options.workingDirectory, git);
}

async function startModel(scenario: ScenarioOf, stack: AsyncDisposableStack): Promise<string> {
  const endpoint = await startModelEndpoint({ scenario });
  stack.defer(() => endpoint.close());
  return endpoint.url;
}

export async function applyNamespaceObjects(
  client: Client,
  { secret, provider, config }: NamespaceObjects,
): Promise<void> {
  await client.create(secrets, secret);
  await client.create(agentProviders, provider);
  await client.create(agentConfigs, config);
}
