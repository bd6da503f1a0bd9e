import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { agentOfType } from "../../agents/registry.ts";
import type { AgentRun, AgentRunSpec } from "../../api/agent-run.ts";
import { ANNOTATION_CANCEL } from "../../api/labels.ts";
import { agentRuns } from "../../api/resources.ts";
import { followRun } from "../../follow/follow-run.ts";
import { secrets } from "../../kube/builtin.ts";
import { startLocalCluster, type LocalCluster } from "../../local/local-cluster.ts";
import { agentOf } from "../../plan/agent-run/references.ts";
import { agentTools } from "../agent-tools.ts";
import { findCheckout, git, type Checkout } from "../checkout.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { renderObject, type ObjectFormat } from "../print-objects.ts";
import { findModelAccess } from "../model-access.ts";
import { readManifest, readTask } from "../run-input.ts";
import type { RunValues } from "../run-options.ts";
import { isUrl } from "../run-source.ts";
import { renderResult } from "../run-text.ts";
import { exitCodeOf, showToEnd } from "../show-run.ts";
import { buildRun, nameForTask } from "../task.ts";
import { pullInto } from "./pull.ts";
import { randomSuffix } from "./run.ts";

/** The address that the folder has for the run: git in the cluster answers it from a copy of the folder. */
const URL = "https://checkout.local/repository.git";
const NAMESPACE = "default";
const SECRET = { name: "model-credentials", key: "api-key" };
/** A stopped agent gets this long to end, and its work to come home; then the program ends all the same. */
const STOP_MS = 12_000;
const PULL_MS = 60_000;

type Say = (line: string) => void;

/** Carries out a run without any cluster but one of its own, and brings its work into the folder's repository. */
export async function runLocally(values: RunValues, context: CommandContext): Promise<number> {
  const { config, out, stop } = context;
  const manifest = values.from === undefined ? undefined : await readManifest(values.from, context);
  if (manifest?.spec.workspaceRef !== undefined)
    throw new UsageError("--local works in the folder, and the manifest names a workspace");
  const task = await readTask(values.task, context);
  if (task === undefined && manifest?.spec.prompt === undefined)
    throw new UsageError("TASK is missing: what the agent is to do, or - to read it from standard input");
  const checkout = await checkoutFor(values, context);
  const name = values.name ?? manifest?.metadata.name ?? nameForTask(task ?? "", randomSuffix());
  const branch = values.branch ?? checkout.branch ?? `agent/${name}`;
  const source = { repository: { url: URL, branch } };
  const given = { task, source, name, namespace: NAMESPACE, ...(manifest ? { manifest } : {}) };
  const asked = buildRun(values, given);
  const model = modelOf(asked, context);
  const toolDirectories = await agentTools([agentOf(asked, undefined)], context);
  const run = withModel(asked, model);
  const say: Say = values.output === undefined ? out.line : out.error;

  await using stack = new AsyncDisposableStack();
  const directory = await realpath(await mkdtemp(join(config.temporaryDirectory, "agent-operator-run-")));
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  // Containers run as another user.
  await chmod(directory, 0o755);
  const start = await copyOf(checkout, { directory, branch, asked: values.branch }, context);
  announce(run, checkout, start, say);
  const cluster = stack.use(
    await startLocalCluster({
      dataDir: join(directory, "cluster"),
      packageRoot: config.packageRoot,
      toolDirectories,
      path: config.path,
      gitMirrors: { [URL]: join(directory, "repository.git") },
      operator: { logFile: join(directory, "operator.log") },
    }),
  );
  if (stop.signal.aborted) return stop.exitCode();
  const ended = await carryThrough(cluster, run, model, { say, context });
  for (const line of renderResult(ended, out.style)) say(line);
  await bringWorkHome(cluster, ended, checkout.root, { say, context });
  if (values.output !== undefined) out.write(renderObject(ended, values.output as ObjectFormat));
  return stop.signal.aborted ? stop.exitCode() : exitCodeOf(ended);
}

async function checkoutFor(
  values: RunValues,
  { config }: CommandContext,
): Promise<Checkout & { head: string }> {
  if (values.repo !== undefined && isUrl(values.repo))
    throw new UsageError(
      "--local works in a folder; clone the repository first and name its folder with --repo",
    );
  const directory = resolve(config.workingDirectory, values.repo ?? ".");
  const checkout = await findCheckout(config, directory);
  if (checkout === undefined)
    throw new UsageError(
      `${values.repo ?? "this folder"} is in no git repository; begin one with git init and a commit`,
    );
  if (checkout.head === undefined)
    throw new Error(
      `${checkout.root} has no commit yet, and an agent starts from one: git add -A && git commit`,
    );
  return { ...checkout, head: checkout.head };
}

/** The key of the model, and what the run is told of it. */
interface RunModel {
  key?: string;
  spec: Pick<AgentRunSpec, "provider" | "model">;
}

function modelOf(run: AgentRun, { config }: CommandContext): RunModel {
  const agent = agentOfType(agentOf(run, undefined));
  const model = run.spec.model ?? (agent.requiresModel ? agent.demo?.model : undefined);
  const access = findModelAccess(agent, model, config);
  if (access === undefined) return { spec: {} };
  const { key, variable, address } = access;
  const environment = address === undefined ? {} : { [agent.demo?.baseUrl ?? ""]: address };
  const provider = { authSecretRef: SECRET, authTokenEnv: variable, environment };
  return { key, spec: { provider, ...(model === undefined ? {} : { model }) } };
}

function withModel(run: AgentRun, { spec }: RunModel): AgentRun {
  const { providerRef: _r, provider: _p, ...rest } = run.spec;
  return { ...run, spec: { ...rest, ...spec } };
}

/** Copies the repository, so that nothing can change the user's, and resolves to the commit that the run starts from. */
async function copyOf(
  { root, head, branch: current }: Checkout & { head: string },
  { directory, branch, asked }: { directory: string; branch: string; asked: string | undefined },
  { config }: CommandContext,
): Promise<string> {
  const start =
    asked === undefined || asked === current
      ? head
      : await git(config, root, "rev-parse", "--verify", `refs/heads/${asked}^{commit}`);
  const mirror = join(directory, "repository.git");
  const quietly = ["-c", "safe.directory=*", "clone", "--quiet", "--bare", "--no-hardlinks"];
  await git(config, root, ...quietly, "--", root, mirror);
  await git(config, mirror, "update-ref", `refs/heads/${branch}`, start);
  return start;
}

function announce(
  { metadata, spec }: AgentRun,
  { root, changedFiles }: Checkout,
  start: string,
  say: Say,
): void {
  say(`run         ${metadata.name}, on this machine and without a cluster`);
  say(`repository  ${root}, branch ${spec.repository?.branch} at ${start.slice(0, 12)}`);
  if (changedFiles > 0)
    say(`            the agent does not see the changes in ${changedFiles} file(s) that are not committed`);
}

/** Resolves to the run as it ended; stopped by the user, it is cancelled and has a moment to end. */
async function carryThrough(
  { client }: LocalCluster,
  run: AgentRun,
  { key }: RunModel,
  { say, context: { out, stop } }: { say: Say; context: CommandContext },
): Promise<AgentRun> {
  const at = { namespace: NAMESPACE, name: run.metadata.name ?? "" };
  if (key !== undefined) {
    const metadata = { name: SECRET.name, namespace: NAMESPACE };
    await client.create(secrets, { metadata, type: "Opaque", stringData: { [SECRET.key]: key } });
  }
  await client.create(agentRuns, run);
  const ended = await showToEnd(client, at, stop.signal, { say, style: out.style });
  if (ended) return ended;
  out.error("stopping the agent …");
  await client.patch(agentRuns, at, { metadata: { annotations: { [ANNOTATION_CANCEL]: "true" } } });
  let last = await client.get(agentRuns, at);
  for await (const next of followRun(client, at, AbortSignal.timeout(STOP_MS))) last = next;
  return last;
}

async function bringWorkHome(
  { client }: LocalCluster,
  run: AgentRun,
  root: string,
  { say, context: { config } }: { say: Say; context: CommandContext },
): Promise<void> {
  if (run.status?.outcome === "NoChanges" || run.status?.startedAt === undefined) return;
  const stop = { signal: AbortSignal.timeout(PULL_MS), exitCode: () => 0 };
  const options = { client, branch: undefined, image: undefined };
  const lines = await pullInto(root, run, options, { config, stop });
  for (const line of ["", ...lines]) say(line);
}
