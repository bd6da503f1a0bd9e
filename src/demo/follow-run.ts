import { setTimeout as sleep } from "node:timers/promises";
import type { Agent, Activity } from "../agents/agent.ts";
import { agentNamed } from "../agents/registry.ts";
import type { AgentRun, AgentRunPhase } from "../api/agent-run.ts";
import { agentRuns } from "../api/resources.ts";
import type { Client, Location } from "../client/client.ts";
import { createLineSplitter } from "../client/lines.ts";
import { watchResource } from "../client/watch.ts";
import { pods } from "../kube/builtin.ts";
import { pathOf } from "../kube/resources.ts";
import { activitiesOf } from "./transcript.ts";

const FINAL_PHASES: readonly string[] = ["Succeeded", "Failed", "TimedOut"] satisfies AgentRunPhase[];

/** How long the rest of a log is waited for once its run has ended. */
const LAST_WORDS_MS = 2_000;

/** Who is told of a run while it goes on. */
export interface RunListener {
  /** Called for each new phase or reason, the last time with the final run. */
  changed(run: AgentRun): void;
  heard(activity: Activity): void;
}

/**
 * Tells of each change of a run, and what its agent says as soon as it runs. Resolves to the final run,
 * or to undefined when `signal` aborted first.
 */
export async function followToLastWord(
  client: Client,
  at: Location & { namespace: string },
  signal: AbortSignal,
  listener: RunListener,
): Promise<AgentRun | undefined> {
  const listening = new AbortController();
  const stopListening = AbortSignal.any([signal, listening.signal]);
  let said: Promise<void> | undefined;
  try {
    for await (const run of followRun(client, at, signal)) {
      const podName = run.status?.podName;
      if (isFinal(run)) {
        // The log ends with the container: what it still holds is told before the end is.
        await Promise.race([said, sleep(LAST_WORDS_MS, undefined, { signal: stopListening, ref: false })]);
        listener.changed(run);
        return run;
      }
      listener.changed(run);
      if (run.status?.phase === "Running" && podName !== undefined) {
        const agent = agentNamed(run.status?.agent ?? "");
        said ??=
          agent && listen(client, { namespace: at.namespace, podName, agent }, stopListening, listener);
      }
    }
    return undefined;
  } finally {
    listening.abort();
  }
}

/** The display of what the agent says is a courtesy: a log that cannot be read does not fail the demo. */
async function listen(
  client: Client,
  at: { namespace: string; podName: string; agent: Agent },
  signal: AbortSignal,
  listener: RunListener,
): Promise<void> {
  try {
    for await (const line of followLog(client, at, signal)) {
      for (const activity of activitiesOf(at.agent, line)) listener.heard(activity);
    }
  } catch {
    // The result in the run's status tells what was said last.
  }
}

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
