import { readFile } from "node:fs/promises";
import { agentRuns } from "../../src/api/resources.ts";
import { jobs, persistentVolumeClaims, pods, type Pod } from "../../src/kube/builtin.ts";
import { pathOf, type ResourceType } from "../../src/kube/resources.ts";
import { connectPlainly } from "./plain-requests.ts";
import { fill, type Templates } from "./templates.ts";

/**
 * its own process: what an operator cannot be faster than. It makes the five writes of each run as
 * soon as a watch shows that they are due, from texts that were made before, and does nothing else: no
 * cache, no queue, no events, no check of anything.
 */
const [kubeconfig = "", namespace = "", file = ""] = process.argv.slice(2);
const templates = JSON.parse(await readFile(file, "utf8")) as Templates;
const plain = await connectPlainly(kubeconfig);

/** How far each run is: its writes follow one another. */
const told = new Map<string, { uid: string; running: boolean; ended: boolean; last: Promise<unknown> }>();

const runEvents = await plain.watch(pathOf(agentRuns, { namespace }));
const podEvents = await plain.watch<Pod>(pathOf(pods, { namespace }));
void followRuns();
void followPods();
process.once("SIGTERM", () => process.exit(0));
process.stdout.write("ready\n");

async function followRuns(): Promise<void> {
  for await (const { type, object } of runEvents) {
    const { name = "", uid = "" } = object.metadata;
    // A watch that had to begin again shows them once more.
    if (type !== "ADDED" || told.has(name)) continue;
    told.set(name, { uid, running: false, ended: false, last: start(name, uid) });
  }
}

async function start(name: string, uid: string): Promise<void> {
  await create(persistentVolumeClaims, fill(templates.claim, name, uid));
  await create(jobs, fill(templates.job, name, uid));
  await writeStatus(name, fill(templates.initializing, name, uid));
}

function create(type: ResourceType, body: string): Promise<string> {
  return plain.send("POST", pathOf(type, { namespace }), { body });
}

function writeStatus(name: string, body: string): Promise<string> {
  const path = pathOf(agentRuns, { namespace, name, subresource: "status" });
  return plain.send("PATCH", path, { body, type: "application/merge-patch+json" });
}

async function followPods(): Promise<void> {
  for await (const { object } of podEvents) {
    const name = object.metadata.labels?.["batch.kubernetes.io/job-name"] ?? "";
    const run = told.get(name);
    if (!run) continue;
    const state = object.status?.containerStatuses?.[0]?.state;
    if ((state?.running || state?.terminated) && !run.running) {
      run.running = true;
      run.last = run.last.then(() => writeStatus(name, fill(templates.running, name, run.uid)));
    }
    if (state?.terminated && !run.ended) {
      run.ended = true;
      run.last = run.last.then(() => writeStatus(name, fill(templates.ended, name, run.uid)));
    }
  }
}
