import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "../scripts/bundle.ts";
import { measureBursts } from "./parts/burst.ts";
import type { Bench } from "./support/bench.ts";
import { startCluster } from "./support/cluster.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "300" },
    rounds: { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const root = join(import.meta.dirname, "..");
await using stack = new AsyncDisposableStack();
const scratch = await mkdtemp(join(tmpdir(), "agent-operator-bench-"));
stack.defer(() => rm(scratch, { recursive: true, force: true }));
const bundled = join(scratch, "agent-operator.mjs");
await bundle(root, bundled);
const bench: Bench = {
  root,
  scratch,
  bundle: bundled,
  cluster: await startCluster(root, stack),
  tell: (line) => void process.stderr.write(`${line}\n`),
};
const bursts = await measureBursts(bench, { runs: Number(values.runs), rounds: Number(values.rounds) });
process.stdout.write(`${JSON.stringify({ bursts }, undefined, 2)}\n`);
if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ bursts }));
