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
import { type DemoForge, startDemoForge } from "./demo-forge.ts";
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
  /** Whether the repository is on a forge that can be pushed to. */
  onForge?: boolean;
}

/** What a demo plays on. */
export interface Stage {
  cluster: LocalCluster;
  repository: DemoRepository;
  /** Only if the repository is on it. */
  forge?: DemoForge;
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
  const onForge = options.onForge ? await putOnForge(options, made, directory) : undefined;
  const forge = onForge && stack.use(onForge.forge);
  const repository = onForge?.repository ?? made;
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
  return { cluster, repository, modelUrl, ...(forge && { forge }) };
}

/** What may push to the demo's forge. */
export const FORGE_TOKEN = "demo-token-of-the-forge";

/** A bare copy of the repository, on a forge on loopback. */
async function putOnForge(
  options: StageOptions,
  made: DemoRepository,
  directory: string,
): Promise<{ forge: DemoForge; repository: DemoRepository }> {
  const env = { path: options.path, home: options.homeDirectory };
  const root = join(directory, "forge");
  const commitOf = await createRemote(made, join(root, FORGE_PROJECT), env);
  const forge = await startDemoForge({ root, path: options.path, token: FORGE_TOKEN, commitOf });
  return { forge, repository: { url: `${forge.url}/${FORGE_PROJECT}`, branch: made.branch } };
}

const FORGE_PROJECT = "demo/greeter.git";

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
