import { ANNOTATION_CANCEL, ANNOTATION_CLEANUP, ANNOTATION_USER } from "../../api/labels.ts";
import { agentRuns } from "../../api/resources.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { withCluster } from "../cluster.ts";
import type { CommandContext } from "../context.ts";
import { currentUser, findRun, listRuns } from "../find-run.ts";
import { followAndReport } from "../follow-and-report.ts";
import type { RetryValues } from "../look-options.ts";
import { nameForRetry } from "../task.ts";

/** Creates a run again, under another name, and follows it. */
export async function runRetry(values: RetryValues, context: CommandContext): Promise<number> {
  return withCluster(values, context, async (cluster) => {
    const { client, namespace } = cluster;
    const before = await findRun(cluster, values.run, context);
    const old = before.metadata.name ?? "";
    if (!isFinished(before))
      throw new Error(
        `${old} has not ended: ${before.status?.phase ?? "Pending"}; stop it first with cancel`,
      );
    const taken = new Set(
      (await listRuns(client, namespace, context.stop.signal)).map(({ metadata }) => metadata.name),
    );
    const name = values.name ?? nameForRetry(old, (each) => taken.has(each));
    const { annotations = {}, labels } = before.metadata;
    const { [ANNOTATION_CANCEL]: _c, [ANNOTATION_CLEANUP]: _f, [LAST_APPLIED]: _l, ...kept } = annotations;
    const user = await currentUser(cluster);
    const created = await client.create(agentRuns, {
      metadata: {
        name,
        namespace,
        ...(labels ? { labels } : {}),
        annotations: { ...kept, ...(user === undefined ? {} : { [ANNOTATION_USER]: user }) },
      },
      spec: before.spec,
    });
    const say = values.output === undefined ? context.out.line : context.out.error;
    say(`run         ${name}, as ${old} was`);
    return followAndReport(cluster, created, values, context);
  });
}

/** What kubectl apply keeps of its own. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
