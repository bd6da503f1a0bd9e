import { ANNOTATION_USER } from "../../api/labels.ts";
import { agentRuns, agentSchedules } from "../../api/resources.ts";
import { unlessRefused } from "../../client/errors.ts";
import { runOfSchedule } from "../../plan/agent-schedule/run.ts";
import { withCluster } from "../cluster.ts";
import { suggestion } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { currentUser, listRuns } from "../find-run.ts";
import { followAndReport } from "../follow-and-report.ts";
import type { StartValues } from "../look-options.ts";
import { nameForRetry } from "../../plan/agent-run/retried.ts";

/** Starts a run of a schedule now, beside its times, and follows it. */
export async function runStart(values: StartValues, context: CommandContext): Promise<number> {
  const [, word = ""] = /^(?:(?:agent)?schedules?\/)?([a-z0-9][-a-z0-9]*)$/.exec(values.schedule ?? "") ?? [];
  if (word === "") throw new Error("name the schedule, as schedule/NAME");
  return withCluster(values, context, async (cluster) => {
    const { client, namespace } = cluster;
    const { signal } = context.stop;
    const schedule = await unlessRefused(
      client.get(agentSchedules, { namespace, name: word }, { signal }),
      "NotFound",
    );
    if (!schedule) {
      const { items } = await client.list(agentSchedules, { namespace, signal });
      const hint = suggestion(
        word,
        items.map(({ metadata }) => metadata.name ?? ""),
      );
      throw new Error(`there is no AgentSchedule ${word} in namespace ${namespace}${hint}`);
    }
    const taken = new Set((await listRuns(client, namespace, signal)).map(({ metadata }) => metadata.name));
    const first = `${word}-now`;
    const name = values.name ?? (taken.has(first) ? nameForRetry(first, (each) => taken.has(each)) : first);
    const user = await currentUser(cluster);
    const annotations: Record<string, string> = user === undefined ? {} : { [ANNOTATION_USER]: user };
    const run = runOfSchedule(schedule, { name, annotations });
    // Whoever may create runs need not be allowed to hold up the deletion of schedules.
    const ownerReferences = run.metadata.ownerReferences?.map((each) => ({
      ...each,
      blockOwnerDeletion: false,
    }));
    const created = await client.create(agentRuns, {
      ...run,
      metadata: { ...run.metadata, ownerReferences },
    });
    const say = values.output === undefined ? context.out.line : context.out.error;
    say(`run         ${name}, of schedule ${word}`);
    return followAndReport(cluster, created, values, context);
  });
}
