import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { secrets } from "../../src/kube/builtin.ts";
import type { Bench } from "../support/bench.ts";
import { startNode, type Child } from "../support/child.ts";
import { useNamespace } from "../support/cluster.ts";
import { playPods } from "../support/kubelet.ts";
import { provider, runNamed, secret } from "../support/objects.ts";
import { observeRuns, type Observer } from "../support/observer.ts";
import { startOperatorProcess } from "../support/operator-process.ts";
import { cpuMs, residentMiB, untilRested } from "../support/process-cost.ts";
import { median, percentile } from "../support/statistics.ts";
import { planTemplates } from "../support/templates.ts";

/** What one burst came to. */
export interface BurstResult {
  runsPerSecond: number;
  submitToJobP50Ms: number;
  submitToJobP99Ms: number;
  everRunning: number;
  cpuMsPerRun: number;
  residentMiB: number;
  /** Once it had nothing to do for a while. */
  restingMiB: number;
  /** CPU time of the API server's process; NaN if that is not ours. */
  serverCpuMsPerRun: number;
  requestsPerRun: number;
}

export interface BurstResults {
  ideal: BurstResult;
  operator: BurstResult;
}

const LIMIT_MS = 240_000;

/** The medians of `rounds` bursts by the ideal writer and as many by the operator, taken by turns. */
export async function measureBursts(
  bench: Bench,
  { runs, rounds }: { runs: number; rounds: number },
): Promise<BurstResults> {
  const ideal: BurstResult[] = [];
  const operator: BurstResult[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    ideal.push(await burst(bench, runs, startIdealWriter));
    bench.tell(`burst ${round}/${rounds}, ideal writer: ${ideal.at(-1)?.runsPerSecond.toFixed(1)} runs/s`);
    operator.push(await burst(bench, runs, startOperator));
    bench.tell(`burst ${round}/${rounds}, operator: ${operator.at(-1)?.runsPerSecond.toFixed(1)} runs/s`);
  }
  return { ideal: middle(ideal), operator: middle(operator) };
}

function middle(results: readonly BurstResult[]): BurstResult {
  const of = (figure: keyof BurstResult): number => median(results.map((each) => each[figure]));
  return {
    runsPerSecond: of("runsPerSecond"),
    submitToJobP50Ms: of("submitToJobP50Ms"),
    submitToJobP99Ms: of("submitToJobP99Ms"),
    everRunning: Math.min(...results.map((each) => each.everRunning)),
    cpuMsPerRun: of("cpuMsPerRun"),
    residentMiB: of("residentMiB"),
    restingMiB: of("restingMiB"),
    serverCpuMsPerRun: of("serverCpuMsPerRun"),
    requestsPerRun: of("requestsPerRun"),
  };
}

/** Who does the writes of a burst: a process whose cost is measured, asked for once the namespace is there. */
export type StartWriter = (
  bench: Bench,
  namespace: string,
) => Promise<
  Pick<Child, "pid"> & AsyncDisposable & { requests?: () => Promise<ReadonlyMap<string, number>> }
>;

const startOperator: StartWriter = (bench, namespace) => startOperatorProcess(bench, namespace);

const startIdealWriter: StartWriter = async ({ root, scratch, cluster }, namespace) => {
  const file = join(scratch, `${namespace}.json`);
  await writeFile(file, JSON.stringify(planTemplates(namespace)));
  const program = join(root, "bench", "support", "ideal-writer.ts");
  const writer = startNode([program, cluster.kubeconfig, namespace, file]);
  await writer.nextLine();
  return writer;
};

/** Submits the runs all at once, plays their pods, and waits for the end of them all. */
export async function burst(bench: Bench, runs: number, startWriter: StartWriter): Promise<BurstResult> {
  const { client, serverPid } = bench.cluster;
  await using space = await useRunNamespace(client);
  const namespace = space.name;
  await using writer = await startWriter(bench, namespace);
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(LIMIT_MS)]);
  const kubelet = playPods({ client, namespace, signal });
  const observer = await observeRuns(client, namespace, signal);
  const server = async (): Promise<number> => (serverPid === undefined ? Number.NaN : cpuMs(serverPid));
  const before = { writer: await cpuMs(writer.pid), server: await server(), sent: await total(writer) };
  const startedAt = performance.now();
  const submittedAt = await submit(bench, namespace, runs);
  await Promise.race([observer.ended(runs), kubelet, late(signal, observer)]);
  const seconds = (Math.max(...observer.finishedAt.values()) - startedAt) / 1_000;
  const result = {
    runsPerSecond: runs / seconds,
    ...latencies(observer, submittedAt),
    everRunning: [...observer.phases.values()].filter((shown) => shown.has("Running")).length,
    cpuMsPerRun: ((await cpuMs(writer.pid)) - before.writer) / runs,
    residentMiB: (await residentMiB(writer.pid)).now,
    restingMiB: Number.NaN,
    serverCpuMsPerRun: ((await server()) - before.server) / runs,
    requestsPerRun: ((await total(writer)) - before.sent) / runs,
  };
  ending.abort();
  await kubelet;
  await untilRested(writer.pid);
  return { ...result, restingMiB: (await residentMiB(writer.pid)).now };
}

/** A namespace with what the benchmark's runs refer to. */
async function useRunNamespace(client: Client): Promise<AsyncDisposable & { name: string }> {
  const space = await useNamespace(client);
  const namespace = space.name;
  await client.create(secrets, { ...secret, metadata: { ...secret.metadata, namespace } });
  await client.create(agentProviders, { ...provider, metadata: { ...provider.metadata, namespace } });
  return space;
}

/** Runs whose agents are at work until this is disposed of; resolves when all are shown as Running. */
export async function holdRunning(bench: Bench, runs: number): Promise<AsyncDisposable> {
  const { client } = bench.cluster;
  const space = await useRunNamespace(client);
  const ending = new AbortController();
  const observer = await observeRuns(client, space.name, ending.signal);
  const never = new Promise<void>(() => undefined);
  const kubelet = playPods({ client, namespace: space.name, agentEnds: () => never, signal: ending.signal });
  await submit(bench, space.name, runs);
  await Promise.race([observer.reached("Running", runs), kubelet]);
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await kubelet;
      await space[Symbol.asyncDispose]();
    },
  };
}

async function total(writer: { requests?: () => Promise<ReadonlyMap<string, number>> }): Promise<number> {
  const counts = await writer.requests?.();
  return counts === undefined ? Number.NaN : [...counts.values()].reduce((sum, each) => sum + each, 0);
}

/** Everything at once; resolves to when the API server's answer to each came. */
async function submit({ cluster }: Bench, namespace: string, runs: number): Promise<Map<string, number>> {
  const answeredAt = new Map<string, number>();
  const names = Array.from({ length: runs }, (_, index) => `run-${index}`);
  await Promise.all(
    names.map(async (name) => {
      const run = runNamed(name);
      await cluster.client.create(agentRuns, { ...run, metadata: { ...run.metadata, namespace } });
      answeredAt.set(name, performance.now());
    }),
  );
  return answeredAt;
}

function latencies(
  { jobSeenAt }: Observer,
  submittedAt: ReadonlyMap<string, number>,
): { submitToJobP50Ms: number; submitToJobP99Ms: number } {
  const ms = [...submittedAt].map(([name, at]) => Math.max(0, (jobSeenAt.get(name) ?? Number.NaN) - at));
  return { submitToJobP50Ms: percentile(ms, 0.5), submitToJobP99Ms: percentile(ms, 0.99) };
}

function late(signal: AbortSignal, { finishedAt }: Observer): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () =>
      reject(new Error(`after ${LIMIT_MS} ms only ${finishedAt.size} runs have ended`)),
    ),
  );
}
