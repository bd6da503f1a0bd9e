import type { AgentRunPhase } from "../../src/api/agent-run.ts";
import { agentRuns } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { watchResource } from "../../src/client/watch.ts";
import { jobs } from "../../src/kube/builtin.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";

/** What the API server's watches have reported about the runs of a namespace; times are of performance.now(). */
export interface Observer {
  readonly phases: ReadonlyMap<string, ReadonlySet<AgentRunPhase>>;
  readonly jobSeenAt: ReadonlyMap<string, number>;
  readonly finishedAt: ReadonlyMap<string, number>;
  /** Resolves when so many runs show this phase or have shown it. */
  reached(phase: AgentRunPhase, runs: number): Promise<void>;
  /** Resolves when so many runs have ended. */
  ended(runs: number): Promise<void>;
}

/** Resolves when both watches are open; they end with `signal`. */
export async function observeRuns(client: Client, namespace: string, signal: AbortSignal): Promise<Observer> {
  const phases = new Map<string, Set<AgentRunPhase>>();
  const jobSeenAt = new Map<string, number>();
  const finishedAt = new Map<string, number>();
  const waiting = new Set<() => void>();
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const runsConnected = Promise.withResolvers<void>();
  const jobsConnected = Promise.withResolvers<void>();
  void (async () => {
    for await (const event of watchResource(client, agentRuns, { namespace, signal })) {
      if (event.kind === "connected") runsConnected.resolve();
      if (event.kind !== "upsert") continue;
      const { metadata, status } = event.object;
      const name = metadata.name ?? "";
      const shown = phases.get(name) ?? new Set();
      phases.set(name, shown.add(status?.phase ?? "Pending"));
      if (isFinished(event.object) && !finishedAt.has(name)) finishedAt.set(name, performance.now());
      for (const look of waiting) look();
    }
  })();
  void (async () => {
    for await (const event of watchResource(client, jobs, { namespace, metadataOnly: true, signal })) {
      if (event.kind === "connected") jobsConnected.resolve();
      if (event.kind !== "upsert") continue;
      const name = event.object.metadata.name ?? "";
      if (!jobSeenAt.has(name)) jobSeenAt.set(name, performance.now());
    }
  })();
  await Promise.all([runsConnected.promise, jobsConnected.promise]);
  const shown = (phase: AgentRunPhase) => [...phases.values()].filter((each) => each.has(phase)).length;
  return {
    phases,
    jobSeenAt,
    finishedAt,
    reached: (phase, runs) => until(() => shown(phase) >= runs),
    ended: (runs) => until(() => finishedAt.size >= runs),
  };
}
