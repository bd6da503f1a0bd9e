import type { AgentRun, AgentRunSpec } from "../api/agent-run.ts";
import { ANNOTATION_CANCEL, ANNOTATION_CLEANUP, ANNOTATION_USER } from "../api/labels.ts";
import { agentRuns } from "../api/resources.ts";
import type { UserCluster } from "./cluster.ts";
import type { CommandContext } from "./context.ts";
import { currentUser, listRuns } from "./find-run.ts";
import { nameForRetry } from "./task.ts";

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
  const { annotations = {}, labels } = before.metadata;
  const { [ANNOTATION_CANCEL]: _c, [ANNOTATION_CLEANUP]: _f, [LAST_APPLIED]: _l, ...kept } = annotations;
  const user = await currentUser(cluster);
  return client.create(agentRuns, {
    metadata: {
      name: name ?? nameForRetry(before.metadata.name ?? "", (each) => taken.has(each)),
      namespace,
      ...(labels ? { labels } : {}),
      annotations: { ...kept, ...(user === undefined ? {} : { [ANNOTATION_USER]: user }) },
    },
    spec,
  });
}

/** What kubectl apply keeps of its own. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
