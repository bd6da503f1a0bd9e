import type { AgentRun, AgentRunSpec } from "../api/agent-run.ts";
import { agentRuns } from "../api/resources.ts";
import { nameForRetry, retried } from "../plan/agent-run/retried.ts";
import type { UserCluster } from "./cluster.ts";
import type { CommandContext } from "./context.ts";
import { currentUser, listRuns } from "./find-run.ts";

/** Creates a run after another one, with its labels and annotations; without a name under the next one that is free. */
export async function createAfter(
  cluster: UserCluster,
  before: AgentRun,
  { name, spec }: { name: string | undefined; spec: AgentRunSpec },
  { stop }: Pick<CommandContext, "stop">,
): Promise<AgentRun> {
  const { client, namespace } = cluster;
  const runs = name === undefined ? await listRuns(client, namespace, stop.signal) : [];
  const taken = new Set(runs.map(({ metadata }) => metadata.name));
  const next = name ?? nameForRetry(before.metadata.name ?? "", (each) => taken.has(each));
  const user = await currentUser(cluster);
  return client.create(agentRuns, { ...retried(before, { name: next, user }), spec });
}
