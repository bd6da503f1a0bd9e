import { ANNOTATION_CANCEL } from "../../api/labels.ts";
import { agentRuns } from "../../api/resources.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { Client } from "../../client/client.ts";
import { watchResource } from "../../client/watch.ts";
import { printable } from "../../kube/printable.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import type { CancelValues } from "../options.ts";
import type { CommandContext } from "../context.ts";
import { withCluster } from "../cluster.ts";
import { findRun } from "../find-run.ts";

/** Longer than a pod gets to end and its node to tell of it. */
const END_LIMIT_MS = 150_000;

/** Asks for the end of a run as the calling user, and waits for it. Exit code 0: the run has ended. */
export async function runCancel(values: CancelValues, context: CommandContext): Promise<number> {
  return withCluster(values, context, async (cluster) => {
    const { client, namespace } = cluster;
    const before = await findRun(cluster, values.run, context);
    const name = before.metadata.name ?? "";
    const at = { namespace, name };
    if (isFinished(before)) {
      context.out.line(`${name} has ended already: ${describe(before)}`);
      return 0;
    }
    const patch = { metadata: { uid: before.metadata.uid, annotations: { [ANNOTATION_CANCEL]: "true" } } };
    await client.patch(agentRuns, at, patch, { type: "merge" });
    if (values["no-wait"]) {
      context.out.line(`${name} is being cancelled`);
      return 0;
    }
    const ended = await untilEnd(client, at, context.stop.signal);
    context.out.line(`${name}: ${describe(ended)}`);
    return 0;
  });
}

function describe({ status }: AgentRun): string {
  return printable(`${status?.phase}/${status?.reason}: ${status?.message}`);
}

async function untilEnd(
  client: Client,
  at: { namespace: string; name: string },
  stop: AbortSignal,
): Promise<AgentRun> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(END_LIMIT_MS)]);
  const watched = { namespace: at.namespace, fieldSelector: `metadata.name=${at.name}`, signal };
  for await (const event of watchResource(client, agentRuns, watched)) {
    if (event.kind === "delete") throw new Error(`${at.name} was deleted`);
    if (event.kind === "upsert" && isFinished(event.object)) return event.object;
  }
  throw new Error(
    `${at.name} has not ended within ${END_LIMIT_MS / 1000} s; is the operator running? It ends as soon as that sees the cancel`,
  );
}
