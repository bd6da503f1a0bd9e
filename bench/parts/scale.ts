import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import type { Bench } from "../support/bench.ts";
import { startNode } from "../support/child.ts";
import { useNamespace } from "../support/cluster.ts";
import { startOperatorProcess } from "../support/operator-process.ts";
import { cpuMs, residentMiB, untilRested } from "../support/process-cost.ts";
import { seedFinishedRuns } from "../support/seed.ts";
import { median } from "../support/statistics.ts";
import { burst, holdRunning } from "./burst.ts";

/** What the operator costs beside so many finished runs and their Jobs. */
export interface ScaleResult {
  finishedRuns: number;
  residentMiB: number;
  peakMiB: number;
  readyMs: number;
  /** A plain program that lists and parses the same, from its start to its end. */
  plainListMs: number;
  /** CPU time from the start until nothing is left to do. */
  startCpuMs: number;
  newRunCpuMs: number;
  newRunToJobP50Ms: number;
}

const NEW_RUNS = 50;

/** Measures at each of these numbers of finished runs, which are added step by step. */
export async function measureScale(
  bench: Bench,
  { steps, rounds }: { steps: readonly number[]; rounds: number },
  atTheEnd: (leaseNamespace: string) => Promise<void> = () => Promise.resolve(),
): Promise<ScaleResult[]> {
  const { client } = bench.cluster;
  await using seeded = await useNamespace(client);
  await using lease = await useNamespace(client);
  const results: ScaleResult[] = [];
  let from = 0;
  for (const to of steps) {
    await seedFinishedRuns(client, seeded.name, { from, to });
    from = to;
    const result = await measureStep(bench, lease.name, to, rounds);
    bench.tell(
      `${to} finished runs: ${result.residentMiB.toFixed(0)} MiB, ready in ${result.readyMs.toFixed(0)} ms, ` +
        `a plain list in ${result.plainListMs.toFixed(0)} ms`,
    );
    results.push(result);
  }
  await atTheEnd(lease.name);
  return results;
}

async function measureStep(
  bench: Bench,
  lease: string,
  finishedRuns: number,
  rounds: number,
): Promise<ScaleResult> {
  const measured: Record<"plainListMs" | "readyMs" | "startCpuMs" | "now" | "peak", number>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const plainListMs = await timePlainList(bench);
    await using operator = await startOperatorProcess(bench, lease);
    await untilRested(operator.pid);
    const memory = await residentMiB(operator.pid);
    const startCpuMs = await cpuMs(operator.pid);
    measured.push({ plainListMs, readyMs: operator.readyMs, startCpuMs, now: memory.now, peak: memory.peak });
  }
  await using operator = await startOperatorProcess(bench, lease);
  await untilRested(operator.pid);
  const more = await burst(bench, NEW_RUNS, () =>
    Promise.resolve({ ...operator, [Symbol.asyncDispose]: () => Promise.resolve() }),
  );
  const of = (figure: "plainListMs" | "readyMs" | "startCpuMs" | "now" | "peak"): number =>
    median(measured.map((each) => each[figure]));
  return {
    finishedRuns,
    residentMiB: of("now"),
    peakMiB: of("peak"),
    readyMs: of("readyMs"),
    plainListMs: of("plainListMs"),
    startCpuMs: of("startCpuMs"),
    newRunCpuMs: more.cpuMsPerRun,
    newRunToJobP50Ms: more.submitToJobP50Ms,
  };
}

async function timePlainList({ root, cluster }: Bench): Promise<number> {
  const startedAt = performance.now();
  await using program = startNode([join(root, "bench", "support", "list-program.ts"), cluster.kubeconfig]);
  await program.nextLine();
  return performance.now() - startedAt;
}

/** What the operator does while nothing changes. */
export interface RestResult {
  seconds: number;
  finishedRuns: number;
  runningRuns: number;
  /** Of one core. */
  cpuPercent: number;
  /** Requests other than those of the Lease, by the labels of the operator's own counter. */
  otherRequests: Readonly<Record<string, number>>;
  leaseRequests: number;
}

/** Measures over this time, with some runs whose agents are at work. */
export async function measureRest(
  bench: Bench,
  lease: string,
  state: { seconds: number; finishedRuns: number; runningRuns: number },
): Promise<RestResult> {
  await using stack = new AsyncDisposableStack();
  const operator = stack.use(await startOperatorProcess(bench, lease));
  stack.use(await holdRunning(bench, state.runningRuns));
  await untilRested(operator.pid);
  const before = { cpu: await cpuMs(operator.pid), requests: await operator.requests() };
  await sleep(state.seconds * 1_000);
  const cpu = (await cpuMs(operator.pid)) - before.cpu;
  const sent = [...(await operator.requests())].flatMap(([labels, count]): [string, number][] => {
    const more = count - (before.requests.get(labels) ?? 0);
    return more > 0 ? [[labels, more]] : [];
  });
  const [leases, others] = [sent.filter(isLease), sent.filter((each) => !isLease(each))];
  bench.tell(`at rest for ${state.seconds} s: ${((cpu / state.seconds) * 0.1).toFixed(2)} % of a core`);
  return {
    ...state,
    cpuPercent: (cpu / state.seconds) * 0.1,
    otherRequests: Object.fromEntries(others),
    leaseRequests: leases.reduce((sum, [, count]) => sum + count, 0),
  };
}

function isLease([labels]: [string, number]): boolean {
  return labels.includes('resource="leases"');
}
