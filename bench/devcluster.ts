import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { kubeconfigTransport } from "../src/client/kubeconfig.ts";
import type { ClosableTransport } from "../src/client/transport-https.ts";
import type { Transport } from "../src/client/transport.ts";
import { createApiServer } from "../src/devcluster/apiserver/server.ts";
import { startNode } from "./support/child.ts";
import { median, percentile } from "./support/statistics.ts";

const USAGE = `npm run bench:devcluster -- [OPTIONS]

How fast the embedded cluster's API server is, and how much it holds.

  --seconds N   how long writes are made (10)
  --objects N   how many objects are stored (20000)
  --json FILE   writes the figures there as well
`;

const SERVER = fileURLToPath(new URL("support/api-server.ts", import.meta.url));
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const CONNECTIONS = 32;
const WATCHERS = 8;
const STARTS = 5;
const MIB = 1024 * 1024;

interface Figure {
  what: string;
  measured: number;
  unit: string;
  /** What is asked for: at least, or below. */
  wanted: { atLeast: number } | { below: number };
}

interface Started extends AsyncDisposable {
  readonly pid: number;
  readonly readyMs: number;
  connect(): Promise<ClosableTransport>;
}

/** Starts a server in its own process; it is there when this resolves. */
async function startServer(dataDir: string): Promise<Started> {
  const child = startNode([SERVER, dataDir]);
  const { kubeconfigPath, readyMs } = JSON.parse(await child.nextLine()) as {
    kubeconfigPath: string;
    readyMs: number;
  };
  return {
    pid: child.pid,
    readyMs,
    connect: async () => (await kubeconfigTransport({ paths: [kubeconfigPath] })).transport,
    [Symbol.asyncDispose]: () => child.stop(),
  };
}

async function create(transport: Transport, name: string): Promise<number> {
  const body = JSON.stringify({
    metadata: { name, labels: { app: "bench" } },
    data: { text: "x".repeat(200) },
  });
  const headers = { "content-type": "application/json" };
  const response = await transport({ method: "POST", path: CONFIG_MAPS, headers, body });
  await response.text();
  return response.status;
}

/** Times from nothing to a server that answers: in this process, and as a process with its data. */
async function measureStarts(scratch: string): Promise<Figure[]> {
  const doubles: number[] = [];
  const first: number[] = [];
  for (let round = 0; round < STARTS; round++) {
    const began = performance.now();
    const server = await createApiServer();
    doubles.push(performance.now() - began);
    await server.close();
    await using started = await startServer(join(scratch, `start-${round}`));
    first.push(started.readyMs);
  }
  return [
    {
      what: "ready as a new process, TLS and data",
      measured: median(first),
      unit: "ms",
      wanted: { below: 500 },
    },
    {
      what: "ready in this process, as a test double",
      measured: median(doubles),
      unit: "ms",
      wanted: { below: 100 },
    },
  ];
}

/** When each object was acknowledged, and when each watcher saw it. */
interface Sightings {
  acknowledged: Map<string, number>;
  seen: { name: string; at: number }[];
}

async function watch(transport: Transport, sightings: Sightings, signal: AbortSignal): Promise<void> {
  const response = await transport({
    method: "GET",
    path: `${CONFIG_MAPS}?watch=true`,
    signal,
  });
  let rest = "";
  try {
    for await (const chunk of response.chunks()) {
      const at = performance.now();
      const lines = (rest + Buffer.from(chunk).toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const name = /"name":"(load-[^"]+)"/.exec(line)?.[1];
        if (name !== undefined) sightings.seen.push({ name, at });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function writeFor(transport: Transport, seconds: number, sightings: Sightings): Promise<number> {
  const began = performance.now();
  let written = 0;
  const writer = async (id: number): Promise<void> => {
    for (let index = 0; performance.now() - began < seconds * 1000; index++) {
      const name = `load-${id}-${index}`;
      if ((await create(transport, name)) !== 201) throw new Error(`${name} was not created`);
      sightings.acknowledged.set(name, performance.now());
      written += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, id) => writer(id)));
  return written / ((performance.now() - began) / 1000);
}

/** Durable creates over 32 connections while 8 watchers look on. */
async function measureLoad(scratch: string, seconds: number): Promise<Figure[]> {
  await using server = await startServer(join(scratch, "load"));
  const transport = await server.connect();
  const watching = await server.connect();
  const stop = new AbortController();
  const sightings: Sightings = { acknowledged: new Map(), seen: [] };
  const watchers = Array.from({ length: WATCHERS }, () => watch(watching, sightings, stop.signal));
  const perSecond = await writeFor(transport, seconds, sightings);
  stop.abort();
  await Promise.all(watchers);
  for (const connection of [transport, watching]) connection.close();
  // An event may be here before the answer to its write is.
  if (sightings.seen.length === 0) throw new Error("the watchers saw nothing");
  const delays = sightings.seen.map(({ name, at }) =>
    Math.max(0, at - (sightings.acknowledged.get(name) ?? at)),
  );
  return [
    { what: "durable creates a second", measured: perSecond, unit: "/s", wanted: { atLeast: 1500 } },
    {
      what: "watch event after its write, p50",
      measured: percentile(delays, 0.5),
      unit: "ms",
      wanted: { below: 5 },
    },
    {
      what: "watch event after its write, p99",
      measured: percentile(delays, 0.99),
      unit: "ms",
      wanted: { below: 25 },
    },
  ];
}

/** Resident memory of a process, in MiB. */
async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / MIB;
}

/** A server full of objects: what it holds in memory, and how soon it is back after a kill. */
async function measureSize(scratch: string, objects: number): Promise<Figure[]> {
  const dataDir = join(scratch, "size");
  let resident = 0;
  {
    await using server = await startServer(dataDir);
    const transport = await server.connect();
    let next = 0;
    const writer = async (): Promise<void> => {
      while (next < objects) await create(transport, `size-${next++}`);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, writer));
    resident = await residentMib(server.pid);
    transport.close();
  }
  await using again = await startServer(dataDir);
  const holding = `${objects} objects`;
  return [
    { what: `memory with ${holding}`, measured: resident, unit: "MiB", wanted: { below: 300 } },
    { what: `restart with ${holding}`, measured: again.readyMs, unit: "ms", wanted: { below: 2000 } },
  ];
}

function meets({ measured, wanted }: Figure): boolean {
  return "below" in wanted ? measured < wanted.below : measured >= wanted.atLeast;
}

function row(figure: Figure): string {
  const { what, measured, unit, wanted } = figure;
  const asked = "below" in wanted ? `< ${wanted.below}` : `>= ${wanted.atLeast}`;
  const digits = measured < 100 ? 1 : 0;
  return `| ${what} | ${measured.toFixed(digits)} ${unit} | ${asked} ${unit} | ${meets(figure) ? "yes" : "no"} |`;
}

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    objects: { type: "string", default: "20000" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
} else {
  const scratch = await mkdtemp(join(tmpdir(), "bench-devcluster-"));
  try {
    const load = loadavg()[0] ?? 0;
    const figures = [
      ...(await measureStarts(scratch)),
      ...(await measureLoad(scratch, Number(values.seconds))),
      ...(await measureSize(scratch, Number(values.objects))),
    ];
    const machine = { node: process.version, cores: availableParallelism(), loadBefore: load };
    const busy =
      load > 0.5
        ? ` The machine was busy with other work (load ${load.toFixed(1)} before): expect better.`
        : "";
    const head = `Node ${machine.node}, ${machine.cores} cores.${busy}\n\n| what | measured | wanted | met |\n|---|---|---|---|`;
    process.stdout.write(`${[head, ...figures.map(row)].join("\n")}\n`);
    if (values.json !== undefined) {
      await writeFile(values.json, `${JSON.stringify({ machine, figures }, undefined, 2)}\n`);
    }
    if (!figures.every(meets)) process.exitCode = 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
