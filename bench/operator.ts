import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle, BUNDLED_PROGRAM } from "../scripts/bundle.ts";
import { measureBursts } from "./parts/burst.ts";
import { measureGit } from "./parts/git.ts";
import { measureRest, measureScale, type RestResult } from "./parts/scale.ts";
import type { Bench } from "./support/bench.ts";
import { readImageSettings } from "./support/image-settings.ts";
import { startCluster } from "./support/cluster.ts";
import { burstTable, gitTable, restTable, scaleTable, type Report } from "./support/tables.ts";

const USAGE = `npm run bench -- [OPTIONS]

The operator as it ships beside programs that do nothing but its requests, against the embedded API
server, or another one without nodes and without an operator that TEST_KUBECONFIG names.

  --parts LIST     of burst,scale,rest,git (default: all)
  --runs N         AgentRuns of a burst (300)
  --rounds N       of which the medians are taken (3)
  --steps LIST     numbers of finished runs (1000,5000)
  --rest-seconds N how long nothing changes (300)
  --commits N      of the repository that git is measured with (20000)
  --history-mib N  blobs in its history (2048)
  --node OPTION    an option of Node's for the operator, such as --node=--cpu-prof; repeatable
  --json FILE      writes the figures there as well
`;

const { values } = parseArgs({
  options: {
    parts: { type: "string", default: "burst,scale,rest,git" },
    runs: { type: "string", default: "300" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "1000,5000" },
    "rest-seconds": { type: "string", default: "300" },
    commits: { type: "string", default: "20000" },
    "history-mib": { type: "string", default: "2048" },
    node: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
// The children end with this process if it ends by `exit`, not if a signal ends it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
if (values.help) {
  process.stdout.write(USAGE);
} else {
  const report = await measure();
  const tables = [burstTable(report), scaleTable(report), restTable(report), gitTable(report)];
  process.stdout.write(`${tables.filter((table) => table !== "").join("\n\n")}\n`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
}

async function measure(): Promise<Report> {
  const root = join(import.meta.dirname, "..");
  const parts = new Set(values.parts.split(","));
  const rounds = Number(values.rounds);
  await using stack = new AsyncDisposableStack();
  const scratch = await mkdtemp(join(tmpdir(), "agent-operator-bench-"));
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  // The git containers run as another user.
  await chmod(scratch, 0o755);
  const bundled = join(scratch, "operator");
  await bundle(root, bundled, "image");
  const bench: Bench = {
    root,
    scratch,
    program: join(bundled, BUNDLED_PROGRAM),
    shipped: await readImageSettings(root),
    nodeOptions: values.node,
    cluster: await startCluster(root, stack),
    tell: (line) => void process.stderr.write(`${line}\n`),
  };
  const report: Report = { cluster: bench.cluster.kind, cores: cpus().length, runs: Number(values.runs) };
  if (parts.has("burst")) report.bursts = await measureBursts(bench, { runs: report.runs, rounds });
  if (parts.has("scale") || parts.has("rest")) {
    const steps = values.steps.split(",").map(Number);
    let rest: RestResult | undefined;
    const scale = await measureScale(
      bench,
      { steps, rounds: parts.has("scale") ? rounds : 0 },
      async (lease) => {
        if (!parts.has("rest")) return;
        const seconds = Number(values["rest-seconds"]);
        rest = await measureRest(bench, lease, { seconds, finishedRuns: steps.at(-1) ?? 0, runningRuns: 50 });
      },
    );
    if (parts.has("scale")) report.scale = scale;
    if (rest) report.rest = rest;
  }
  if (parts.has("git")) {
    const history = { commits: Number(values.commits), historyMiB: Number(values["history-mib"]) };
    report.git = await measureGit(join(scratch, "git"), history, bench.tell);
  }
  return report;
}
