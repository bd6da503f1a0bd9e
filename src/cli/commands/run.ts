import { randomInt } from "node:crypto";
import type { AgentRun } from "../../api/agent-run.ts";
import { ANNOTATION_USER } from "../../api/labels.ts";
import { agentRuns } from "../../api/resources.ts";
import { withCluster, type UserCluster } from "../cluster.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { currentUser } from "../find-run.ts";
import { followAndReport } from "../follow-and-report.ts";
import { renderObject, type ObjectFormat } from "../print-objects.ts";
import type { RunValues } from "../run-options.ts";
import { readManifest, readTask } from "../run-input.ts";
import { sourceOf } from "../run-source.ts";
import { buildRun, nameForTask, type Source } from "../task.ts";

/** Letters and digits that cannot be taken for each other, without vowels: no words come of them. */
const SUFFIX_LETTERS = "bcdfghjkmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;

/** Creates a run and follows it. The exit code says how it ended: 0 Succeeded, 1 Failed, 3 TimedOut. */
export async function runRun(values: RunValues, context: CommandContext): Promise<number> {
  refuseIgnored(values);
  if (values.local) {
    if (context.local === undefined)
      throw new UsageError("--local is not in this image; install the npm package agent-operator for it");
    return (await context.local())(values, context);
  }
  const manifest = values.from === undefined ? undefined : await readManifest(values.from, context);
  const task = await readTask(values.task, context);
  if (task === undefined && manifest?.spec.prompt === undefined && manifest?.spec.promptFrom === undefined)
    throw new UsageError("TASK is missing: what the agent is to do, or - to read it from standard input");
  const name = values.name ?? manifest?.metadata.name ?? nameForTask(task ?? "", randomSuffix());
  const say = values.output === undefined && !values["dry-run"] ? context.out.line : context.out.error;
  const source = await sourceOf(values, { name, manifest, say }, context);
  return withUserCluster(values, context, async (cluster) => {
    const given = { task, source, name, namespace: cluster.namespace, ...(manifest ? { manifest } : {}) };
    const run = await withUser(buildRun(values, given), cluster);
    if (values["dry-run"]) return dryRun(cluster, run, values, context);
    const created = await cluster.client.create(agentRuns, run, { signal: context.stop.signal });
    announce(created, source, cluster, say);
    return followAndReport(cluster, created, values, context);
  });
}

/** Who has no cluster learns that none is needed. */
async function withUserCluster(...args: Parameters<typeof withCluster<number>>): Promise<number> {
  try {
    return await withCluster(...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("no kubeconfig at")) throw error;
    throw new Error(`${error.message}, or do without a cluster: --local`, { cause: error });
  }
}

/** Five letters or digits, as Kubernetes makes them for generated names. */
export function randomSuffix(): string {
  return Array.from({ length: SUFFIX_LENGTH }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join(
    "",
  );
}

/** Options that would be passed over. */
function refuseIgnored(values: RunValues): void {
  const together: [boolean, string][] = [
    [
      values.workspace !== undefined && values.repo !== undefined,
      "--workspace and --repo exclude each other",
    ],
    [
      values.workspace !== undefined && values.branch !== undefined,
      "--branch is of a repository; with --workspace use --worktree",
    ],
    [
      values.worktree !== undefined && values.workspace === undefined && values.from === undefined,
      "--worktree needs --workspace",
    ],
    [values.detach && values["dry-run"], "--detach has no meaning with --dry-run, which starts nothing"],
  ];
  const ignored = (
    [
      "detach",
      "dry-run",
      "workspace",
      "worktree",
      "provider",
      "context",
      "kubeconfig",
      "as",
      "namespace",
      "image",
    ] as const
  )
    .filter((name) => values.local && values[name] !== undefined && values[name] !== false)
    .map((name): [boolean, string] => [
      true,
      `--${name} has no meaning with --local, which has a cluster of its own`,
    ]);
  const refused = [...together, ...ignored].find(([isWrong]) => isWrong)?.[1];
  if (refused !== undefined) throw new UsageError(refused);
}

async function withUser(run: AgentRun, cluster: UserCluster): Promise<AgentRun> {
  const user = await currentUser(cluster);
  if (user === undefined) return run;
  const annotations = { ...run.metadata.annotations, [ANNOTATION_USER]: user };
  return { ...run, metadata: { ...run.metadata, annotations } };
}

async function dryRun(
  { client }: UserCluster,
  run: AgentRun,
  values: RunValues,
  { out }: CommandContext,
): Promise<number> {
  const checked = await client.create(agentRuns, run, { dryRun: true });
  const { uid: _, creationTimestamp: _t, generation: _g, ...metadata } = checked.metadata;
  const { status: _s, ...rest } = checked;
  out.write(renderObject({ ...rest, metadata }, (values.output ?? "yaml") as ObjectFormat));
  return 0;
}

function announce(
  { metadata }: AgentRun,
  source: Source,
  { namespace, server }: UserCluster,
  say: (line: string) => void,
): void {
  const { repository, workspaceRef } = source;
  say(`run         ${metadata.name} in namespace ${namespace} of ${server}`);
  if (repository)
    say(`repository  ${repository.url}${repository.branch ? `, branch ${repository.branch}` : ""}`);
  if (workspaceRef) say(`workspace   ${workspaceRef}`);
}
