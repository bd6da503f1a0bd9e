import { isFinished } from "../../plan/agent-run/status.ts";
import { withCluster } from "../cluster.ts";
import type { CommandContext } from "../context.ts";
import { findRun } from "../find-run.ts";
import { followAndReport } from "../follow-and-report.ts";
import type { RetryValues } from "../look-options.ts";
import { createAfter } from "../run-again.ts";

/** Creates a run again, under another name, and follows it. */
export async function runRetry(values: RetryValues, context: CommandContext): Promise<number> {
  return withCluster(values, context, async (cluster) => {
    const before = await findRun(cluster, values.run, context);
    const old = before.metadata.name ?? "";
    if (!isFinished(before))
      throw new Error(
        `${old} has not ended: ${before.status?.phase ?? "Pending"}; stop it first with cancel`,
      );
    const created = await createAfter(cluster, before, { name: values.name, spec: before.spec }, context);
    const say = values.output === undefined ? context.out.line : context.out.error;
    say(`run         ${created.metadata.name}, as ${old} was`);
    return followAndReport(cluster, created, values, context);
  });
}
