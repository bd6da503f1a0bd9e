import { setTimeout as sleep } from "node:timers/promises";
import type { Agent, Activity } from "../agents/agent.ts";
import { agentNamed } from "../agents/registry.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { agentRuns } from "../api/resources.ts";
import type { Client, Location } from "../client/client.ts";
import { createLineSplitter } from "../client/lines.ts";
import { watchResource } from "../client/watch.ts";
import { pods } from "../kube/builtin.ts";
import { pathOf } from "../kube/resources.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import { createTranscript } from "./transcript.ts";

/** How long the rest of a log is waited for once its run has ended. */
const LAST_WORDS_MS = 2_000;

/** Who is notified of a run while it goes on. */
export interface RunListener {
  /** Called for each new phase or reason, the last time with the final run. */
  changed(run: AgentRun): void;
  heard(activity: Activity): void;
}

/** Where a run is. */
export type RunLocation = Location & { namespace: string };

/**
 * Reports each change of a run, and what its agent says as soon as it runs; of several attempts each. Resolves to the
 * final run, or to undefined if `signal` aborted first.
 */
export async function followToLastWord(
  client: Client,
  at: RunLocation,
  signal: AbortSignal,
  listener: RunListener,
): Promise<AgentRun | undefined> {
  const listening = new AbortController();
  const stopListening = AbortSignal.any([signal, listening.signal]);
  const heardPods = new Set<string>();
  let said: Promise<void> = Promise.resolve();
  let shown = "";
  const show = (run: AgentRun): void => {
    if (stateOf(run) !== shown) listener.changed(run);
    shown = stateOf(run);
  };
  try {
    for await (const run of followRun(client, at, signal)) {
      const podName = run.status?.podName;
      if (isFinished(run)) {
        // The log ends with the container: what it still holds is shown before the end is.
        await Promise.race([said, sleep(LAST_WORDS_MS, undefined, { signal: stopListening, ref: false })]);
        show(run);
        return run;
      }
      show(run);
      if (run.status?.phase === "Running" && podName !== undefined && !heardPods.has(podName)) {
        heardPods.add(podName);
        const agent = agentNamed(run.status.agent ?? "");
        const pod = { namespace: at.namespace, podName };
        if (agent) said = said.then(() => listen(client, { ...pod, agent }, stopListening, listener));
      }
    }
    return undefined;
  } finally {
    listening.abort();
  }
}

/** The display of what the agent says is a courtesy: a log that cannot be read is no failure. */
async function listen(
  client: Client,
  at: { namespace: string; podName: string; agent: Agent },
  signal: AbortSignal,
  listener: RunListener,
): Promise<void> {
  const transcript = createTranscript(at.agent, (activity) => listener.heard(activity));
  try {
    for await (const line of followLog(client, at, { follow: true, signal })) transcript.push(line);
  } catch {
    // The result in the run's status has the last words.
  }
  transcript.end();
}

/**
 * Watches one run and yields it each time its phase, the reason for it or its pod has changed; the last
 * one is final. Ends early, without a final one, if `signal` aborts. Throws if the run is deleted.
 */
export async function* followRun(
  client: Client,
  at: RunLocation,
  signal: AbortSignal,
): AsyncGenerator<AgentRun> {
  let shown = "";
  const selected = { namespace: at.namespace, fieldSelector: `metadata.name=${at.name}`, signal };
  for await (const event of watchResource(client, agentRuns, selected)) {
    if (event.kind === "delete") throw new Error(`AgentRun ${at.name} was deleted while it was followed`);
    if (event.kind !== "upsert") continue;
    const state = `${stateOf(event.object)} ${event.object.status?.podName ?? ""}`;
    if (state !== shown) yield event.object;
    shown = state;
    if (isFinished(event.object)) return;
  }
}

function stateOf({ status }: AgentRun): string {
  return `${status?.phase} ${status?.reason ?? ""}`;
}

/** The lines of the agent container's log, from its beginning to its end; to what there is without `follow`. */
export async function* followLog(
  client: Client,
  at: { namespace: string; podName: string },
  { follow, signal }: { follow: boolean; signal: AbortSignal },
): AsyncGenerator<string> {
  const path = pathOf(pods, { namespace: at.namespace, name: at.podName, subresource: "log" });
  const splitter = createLineSplitter();
  const query = `?container=agent${follow ? "&follow=true" : ""}`;
  for await (const chunk of await client.getStream(`${path}${query}`, { signal }))
    yield* splitter.push(chunk);
  yield* splitter.push(Buffer.from("\n"));
}
