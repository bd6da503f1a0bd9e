import type { AgentRun } from "../../api/agent-run.ts";
import { agentRuns } from "../../api/resources.ts";
import type { Client } from "../../client/client.ts";
import { watchResource } from "../../client/watch.ts";
import { keyOf } from "../../kube/objects.ts";
import type { Output } from "../output.ts";
import { renderPhase } from "../run-text.ts";

/** A line for each phase that a run of any namespace comes to, until `signal` aborts; what it was in before is not news. */
export async function showPhases(
  client: Pick<Client, "list" | "getStream">,
  out: Pick<Output, "line" | "style">,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, string | undefined>();
  let isNews = false;
  for await (const event of watchResource(client, agentRuns, { signal })) {
    if (event.kind === "sync") isNews = true;
    if (event.kind === "delete") known.delete(keyOf(event.object));
    if (event.kind !== "upsert") continue;
    const run = event.object;
    const phase = run.status?.phase;
    const before = known.get(keyOf(run));
    known.set(keyOf(run), phase);
    if (isNews && phase !== undefined && phase !== before) out.line(lineOf(run, out.style));
  }
}

function lineOf(run: AgentRun, style: Output["style"]): string {
  const time = style("dim", new Date().toTimeString().slice(0, 8));
  return `${time}  ${keyOf(run)}  ${renderPhase(run, style)}`;
}
