import type { AgentRun } from "../api/agent-run.ts";
import { ANNOTATION_USER } from "../api/labels.ts";
import { agentRuns } from "../api/resources.ts";
import type { Client } from "../client/client.ts";
import { unlessRefused } from "../client/errors.ts";
import { selfSubjectReviews } from "../kube/cluster-kinds.ts";
import type { UserCluster } from "./cluster.ts";
import { suggestion } from "./command.ts";
import type { CommandContext } from "./context.ts";

const LIST_LIMIT = 500;

/**
 * The run that the user means: by its name, by a beginning of it that no other has, or, without one, the newest that
 * this user has started, else the newest of all. Throws an Error that names what there is.
 */
export async function findRun(
  cluster: UserCluster,
  word: string | undefined,
  { out, stop }: Pick<CommandContext, "out" | "stop">,
): Promise<AgentRun> {
  if (word === undefined) {
    const run = await newestRun(cluster, stop.signal);
    out.error(`run ${run.metadata.name}, the newest`);
    return run;
  }
  const { client, namespace } = cluster;
  const at = { namespace, name: word };
  const exact = /^[a-z0-9][-a-z0-9.]*$/.test(word)
    ? await unlessRefused(client.get(agentRuns, at, { signal: stop.signal }), "NotFound")
    : undefined;
  if (exact) return exact;
  return byPrefix(word, await listRuns(client, namespace, stop.signal), namespace);
}

/** The one whose name begins so. */
export function byPrefix(word: string, runs: readonly AgentRun[], namespace: string): AgentRun {
  const names = runs.map(nameOf);
  const found = runs.filter((run) => nameOf(run).startsWith(word));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1)
    throw new Error(`${word} is the beginning of ${found.length} runs: ${shown(found.map(nameOf))}`);
  const hint = suggestion(word, names) || (names.length === 0 ? "" : `; there are ${shown(names)}`);
  throw new Error(`there is no run ${word} in namespace ${namespace}${hint}`);
}

/** Who asks, as the cluster knows them; undefined if it does not say. */
export async function currentUser({ client }: UserCluster): Promise<string | undefined> {
  const review = await client.create(selfSubjectReviews, { metadata: {} }).catch(() => undefined);
  return review?.status?.userInfo?.username;
}

async function newestRun(cluster: UserCluster, signal: AbortSignal): Promise<AgentRun> {
  const [runs, user] = await Promise.all([
    listRuns(cluster.client, cluster.namespace, signal),
    currentUser(cluster),
  ]);
  const own = runs.filter(({ metadata }) => metadata.annotations?.[ANNOTATION_USER] === user);
  const newest = (own.length > 0 ? own : runs).toSorted(byAge).at(-1);
  if (newest === undefined) throw new Error(`there is no run in namespace ${cluster.namespace}`);
  return newest;
}

/** Every run of a namespace, or of all. */
export async function listRuns(
  client: Client,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<AgentRun[]> {
  const found: AgentRun[] = [];
  let next: string | undefined;
  do {
    const page = await client.list(agentRuns, {
      ...(namespace === undefined ? {} : { namespace }),
      limit: LIST_LIMIT,
      signal,
      ...(next === undefined ? {} : { continue: next }),
    });
    found.push(...page.items);
    next = page.metadata.continue || undefined;
  } while (next !== undefined);
  return found;
}

function byAge(a: AgentRun, b: AgentRun): number {
  return (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "");
}

function nameOf({ metadata }: AgentRun): string {
  return metadata.name ?? "";
}

function shown(names: readonly string[]): string {
  const first = names.slice(0, 8).join(", ");
  return names.length > 8 ? `${first} and ${names.length - 8} more` : first;
}
