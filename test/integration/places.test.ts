import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PROVIDER, runNamed } from "../../bench/support/objects.ts";
import type { AgentProvider } from "../../src/api/agent-provider.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { watchResource } from "../../src/client/watch.ts";
import { pods } from "../../src/kube/builtin.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { startOperatorProgram } from "../support/operator-program.ts";
import type { RunningProgram } from "../support/run.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

const RUNS = 500;
const LIMIT = 10;
const RAISED = 16;
const LOWERED = 4;

it(
  "500 runs share 10 places, the operator being killed twice and the limit raised and lowered meanwhile",
  { timeout: 165_000 },
  async (t) => {
    await using stack = new AsyncDisposableStack();
    const { admin, namespace, listening } = await startRunPlane(stack);
    const at = { namespace, name: PROVIDER };
    const write = (maxRunning: number) =>
      admin.patch(agentProviders, at, { spec: { maxRunning } }, { type: "merge" });
    await write(LIMIT);
    const names = Array.from({ length: RUNS }, (_, index) => `run-${String(index).padStart(3, "0")}`);
    const runs = await Promise.all(
      names.map((name) =>
        admin.create(agentRuns, { metadata: { name, namespace }, spec: runNamed(name).spec }),
      ),
    );
    const watching = new AbortController();
    stack.defer(() => watching.abort());
    const { signal } = watching;
    const atWork = watchPods(admin, namespace, signal);
    const startedAt = performance.now();

    const cluster = { kubeconfig: listening.kubeconfigPath ?? "", namespace };
    let operator: RunningProgram = await startOperatorProgram(cluster);
    stack.defer(() => operator.kill("SIGKILL"));
    const restart = async (): Promise<void> => {
      operator.kill("SIGKILL");
      await operator.ended;
      operator = await startOperatorProgram(cluster);
    };
    /** Higher at once; lower from when the operator has seen it, and of what it began before no more is left. */
    const limit = async (maxRunning: number): Promise<void> => {
      atWork.raise(maxRunning);
      const { metadata } = await write(maxRunning);
      const isSeen = ({ status }: AgentProvider) => status?.observedGeneration === metadata.generation;
      await waitFor(admin, agentProviders, at, isSeen);
      if (maxRunning !== LOWERED) return;
      do await sleep(1_000);
      while ((await holdersIn(admin, namespace)) > maxRunning);
      atWork.lower(maxRunning);
    };
    /** What the watch of pods has still to deliver may be late. */
    const used = async (maxRunning: number): Promise<void> => {
      for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 50) {
        if ((atWork.most.get(maxRunning) ?? 0) >= maxRunning) return;
        await sleep(50);
      }
    };
    const steps = new Map<number, () => Promise<unknown>>([
      [80, restart],
      [160, () => limit(RAISED)],
      [260, () => limit(LOWERED)],
      [270, restart],
      [290, () => used(LOWERED).then(() => limit(RAISED))],
    ]);
    const messages = await untilFinished(admin, namespace, signal, (finished) => steps.get(finished)?.());
    t.diagnostic(`all ended after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);

    assert.deepEqual(atWork.breaches, []);
    assert.ok((atWork.most.get(RAISED) ?? 0) > LIMIT, "the raised limit is used");
    assert.equal(atWork.most.get(LOWERED), LOWERED, "the lowered limit is used");
    assert.match(
      messages.get("run-499") ?? "",
      /^AgentProvider bench lets 10 runs work at a time \(maxRunning\); this run has place 4\d\d in the queue$/,
    );
    const expected = runs
      .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
      .map(({ metadata }) => metadata.name);
    assert.deepEqual([...atWork.order].toSorted(), names, "each run had one pod");
    // Those that start side by side may overtake one another.
    const displaced = atWork.order.filter(
      (name, index) => Math.abs(expected.indexOf(name) - index) >= RAISED,
    );
    assert.deepEqual(displaced, []);
  },
);

async function holdersIn(client: Client, namespace: string): Promise<number> {
  const { items } = await client.list(agentRuns, { namespace });
  return items.filter((run) => run.status?.startTime !== undefined && !isFinished(run)).length;
}

function orderOf({ metadata }: AgentRun): string {
  return `${metadata.creationTimestamp} ${metadata.name}`;
}

interface AtWork {
  /** The runs in the order in which their pods came. */
  readonly order: string[];
  readonly breaches: string[];
  /** Of each bound, the most pods that were at work under it. */
  readonly most: Map<number, number>;
  /** So many pods at most, if that is more than so far. */
  raise(most: number): void;
  /** So many pods at most, from when there are no more of them. */
  lower(most: number): void;
}

/** Looks at each pod that comes, and at each that ends, from the first to the last. */
function watchPods(client: Client, namespace: string, signal: AbortSignal): AtWork {
  const alive = new Set<string>();
  const seen = new Set<string>();
  const most = new Map<number, number>();
  let bound = LIMIT;
  let next = LIMIT;
  const watch: AtWork = {
    order: [],
    breaches: [],
    most,
    raise: (wanted) => {
      bound = next = Math.max(bound, wanted);
    },
    lower: (wanted) => {
      next = wanted;
    },
  };
  const follow = async (): Promise<void> => {
    for await (const event of watchResource(client, pods, { namespace, signal })) {
      if (event.kind !== "upsert" && event.kind !== "delete") continue;
      const { uid = "", labels } = event.object.metadata;
      const hasEnded = event.kind === "delete" || event.object.status?.phase === "Succeeded";
      if (hasEnded) alive.delete(uid);
      else if (!seen.has(uid)) {
        alive.add(uid);
        watch.order.push(labels?.["agent.xonovex.com/run"] ?? "");
      }
      seen.add(uid);
      if (alive.size <= next) bound = next;
      if (alive.size > bound) watch.breaches.push(`${alive.size} pods at work where ${bound} may be`);
      most.set(bound, Math.max(most.get(bound) ?? 0, alive.size));
    }
  };
  void follow();
  return watch;
}

/** Resolves when all runs have ended, with what each said first of its place. */
async function untilFinished(
  client: Client,
  namespace: string,
  signal: AbortSignal,
  onFinished: (count: number) => unknown,
): Promise<Map<string, string>> {
  const finished = new Set<string>();
  const messages = new Map<string, string>();
  for await (const event of watchResource<AgentRun>(client, agentRuns, { namespace, signal })) {
    if (event.kind !== "upsert") continue;
    const { metadata, status } = event.object;
    const { name = "" } = metadata;
    if (status?.reason === "Queued" && !messages.has(name)) messages.set(name, status.message ?? "");
    if (!isFinished(event.object) || finished.has(name)) continue;
    finished.add(name);
    assert.equal(status?.phase, "Succeeded", status?.message);
    await onFinished(finished.size);
    if (finished.size === RUNS) return messages;
  }
  throw new Error(`only ${finished.size} of ${RUNS} runs ended`);
}
