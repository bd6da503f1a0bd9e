import type { BurstResults } from "../parts/burst.ts";
import type { GitResult } from "../parts/git.ts";
import type { RestResult, ScaleResult } from "../parts/scale.ts";

/** All figures of one run of the benchmark. */
export interface Report {
  cluster: string;
  cores: number;
  /** AgentRuns of a burst. */
  runs: number;
  bursts?: BurstResults;
  scale?: ScaleResult[];
  rest?: RestResult;
  git?: GitResult;
}

/** A Markdown table, or `""` if the part was not measured. */
export function burstTable({ bursts, runs, cluster, cores }: Report): string {
  if (!bursts) return "";
  const { ideal, operator } = bursts;
  const row = (name: string, figure: keyof typeof ideal, digits: number): string[] => [
    name,
    number(ideal[figure], digits),
    number(operator[figure], digits),
    number(operator[figure] / ideal[figure], 2),
  ];
  return table(
    [`${runs} AgentRuns at once (${cluster}, ${cores} cores)`, "ideal writer", "operator", "ratio"],
    [
      row("runs a second to the end", "runsPerSecond", 1),
      row("submit to Job, p50, ms", "submitToJobP50Ms", 0),
      row("submit to Job, p99, ms", "submitToJobP99Ms", 0),
      row("runs that ever showed Running", "everRunning", 0),
      row("CPU, ms a run", "cpuMsPerRun", 1),
      row("resident memory after it, MiB", "residentMiB", 0),
      row("resident memory 15 s later, MiB", "restingMiB", 0),
      row("API server's CPU, ms a run", "serverCpuMsPerRun", 1),
      ["requests a run", "5", number(operator.requestsPerRun, 1), ""],
    ],
  );
}

/** A Markdown table, or `""` if the part was not measured. */
export function scaleTable({ scale }: Report): string {
  if (!scale) return "";
  const row = (name: string, of: (result: ScaleResult) => number, digits: number): string[] => [
    name,
    ...scale.map((result) => number(of(result), digits)),
  ];
  return table(
    ["finished runs with their Jobs", ...scale.map(({ finishedRuns }) => String(finishedRuns))],
    [
      row("resident memory, MiB", ({ residentMiB }) => residentMiB, 0),
      row("its peak, MiB", ({ peakMiB }) => peakMiB, 0),
      row("start to /readyz, caches synced, ms", ({ readyMs }) => readyMs, 0),
      row("plain program that lists and parses the same, ms", ({ plainListMs }) => plainListMs, 0),
      row("ratio", ({ readyMs, plainListMs }) => readyMs / plainListMs, 2),
      row("CPU until at rest, ms", ({ startCpuMs }) => startCpuMs, 0),
      row("CPU of one new run, ms", ({ newRunCpuMs }) => newRunCpuMs, 1),
      row("new run to Job, p50 of 50 at once, ms", ({ newRunToJobP50Ms }) => newRunToJobP50Ms, 0),
    ],
  );
}

/** A Markdown table, or `""` if the part was not measured. */
export function restTable({ rest }: Report): string {
  if (!rest) return "";
  const others = Object.entries(rest.otherRequests).map(([labels, count]) => `${count} × ${labels}`);
  return table(
    [`at rest for ${rest.seconds} s, ${rest.finishedRuns} finished and ${rest.runningRuns} running runs`, ""],
    [
      ["CPU, % of a core", number(rest.cpuPercent, 2)],
      ["requests for the Lease", String(rest.leaseRequests)],
      ["other requests", others.length === 0 ? "none" : others.join("; ")],
    ],
  );
}

/** A Markdown table, or `""` if the part was not measured. */
export function gitTable({ git }: Report): string {
  if (!git) return "";
  return table(
    [`git: ${git.commits} commits, ${git.historyMiB} MiB of blobs in history`, ""],
    [
      ["the workspace's checkout with all of it, ms", number(git.checkoutMs, 0)],
      [`its worktrees, p50 of ${git.worktrees}, ms`, number(git.worktreeP50Ms, 0)],
      [`worktree ${git.worktrees}, ms`, number(git.lastWorktreeMs, 0)],
      ["bytes of `git clone --depth 1`", String(git.plainBytes)],
      ["bytes of a standalone run", String(git.runBytes)],
      ["ratio", number(git.runBytes / git.plainBytes, 3)],
      ...Object.entries({
        "a run of 20 MiB without and with a credential, ms": git.store.runMs,
        "a worktree without and with a credential, ms": git.store.worktreeMs,
        "bytes of a run's claim without and with a credential": git.store.claimBytes,
      }).map(([what, { open, withCredential }]): [string, string] => [
        what,
        `${number(open, 0)}, ${number(withCredential, 0)}`,
      ]),
    ],
  );
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? "" : value.toFixed(digits);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
