import type { AgentRun, AgentRunPhase } from "../api/agent-run.ts";
import { agentRuns } from "../api/resources.ts";
import type { Client, Location } from "../client/client.ts";
import { createLineSplitter } from "../client/lines.ts";
import { watchResource } from "../client/watch.ts";
import { pods } from "../kube/builtin.ts";
import { pathOf } from "../kube/resources.ts";

const FINAL_PHASES: readonly string[] = ["Succeeded", "Failed", "TimedOut"] satisfies AgentRunPhase[];

/**
 * Watches one run and yields it each time its phase, or the reason for its phase, has changed; the last
 * one is final. Ends early, without a final one, when `signal` aborts. Throws where the run is deleted.
 */
export async function* followRun(
  client: Client,
  at: Location & { namespace: string },
  signal: AbortSignal,
): AsyncGenerator<AgentRun> {
  let shown = "";
  const selected = { namespace: at.namespace, fieldSelector: `metadata.name=${at.name}`, signal };
  for await (const event of watchResource(client, agentRuns, selected)) {
    if (event.kind === "delete") throw new Error(`AgentRun ${at.name} was deleted while it was followed`);
    if (event.kind !== "upsert") continue;
    const { status } = event.object;
    const state = `${status?.phase} ${status?.reason ?? ""}`;
    if (state !== shown) yield event.object;
    shown = state;
    if (isFinal(event.object)) return;
  }
}

/** Whether the run has ended. */
export function isFinal(run: AgentRun): boolean {
  return FINAL_PHASES.includes(run.status?.phase ?? "");
}

/** The lines of the agent container's log, from its beginning to its end. */
export async function* followLog(
  client: Client,
  at: { namespace: string; podName: string },
  signal: AbortSignal,
): AsyncGenerator<string> {
  const path = pathOf(pods, { namespace: at.namespace, name: at.podName, subresource: "log" });
  const splitter = createLineSplitter();
  for await (const chunk of await client.getStream(`${path}?container=agent&follow=true`, { signal })) {
    yield* splitter.push(chunk);
  }
}
