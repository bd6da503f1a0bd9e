import { agentRuns } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { jobs, type Job } from "../../src/kube/builtin.ts";
import { timestamp } from "../../src/kube/time.ts";
import { runNamed } from "./objects.ts";
import { planTemplates, type Templates } from "./templates.ts";

const AT_ONCE = 32;

/**
 * Makes finished runs with their Jobs, as the operator and the Job controller leave them, numbered from
 * `from` to before `to`. The Jobs are managed by the benchmark, so that no controller starts them.
 */
export async function seedFinishedRuns(
  client: Client,
  namespace: string,
  { from, to }: { from: number; to: number },
): Promise<void> {
  const templates = planTemplates(namespace);
  const numbers = Array.from({ length: to - from }, (_, index) => from + index).values();
  const work = async (): Promise<void> => {
    for (const number of numbers) await seedOne(client, namespace, `done-${number}`, templates);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function seedOne(
  client: Client,
  namespace: string,
  name: string,
  { jobObject, endStatus }: Templates,
): Promise<void> {
  const { metadata, ...rest } = runNamed(name);
  const run = await client.create(agentRuns, { ...rest, metadata: { ...metadata, namespace } });
  const [owner] = jobObject.metadata.ownerReferences ?? [];
  if (!owner) throw new Error("a run's Job has no owner");
  const job = {
    ...jobObject,
    metadata: {
      ...jobObject.metadata,
      name,
      ownerReferences: [{ ...owner, name, uid: run.metadata.uid ?? "" }],
    },
    spec: { ...jobObject.spec, suspend: true, managedBy: "example.com/benchmark" },
  };
  await client.create(jobs, job);
  const at = { namespace, name };
  const asStatus = { subresource: "status" } as const;
  await client.patch(jobs, at, { status: completeStatus() }, asStatus);
  await client.patch(agentRuns, at, { status: { ...endStatus, jobName: name } }, asStatus);
}

function completeStatus(): Job["status"] {
  const at = timestamp(Date.now());
  const condition = { status: "True", lastProbeTime: at, lastTransitionTime: at } as const;
  return {
    succeeded: 1,
    startTime: at,
    completionTime: at,
    uncountedTerminatedPods: {},
    conditions: [
      { ...condition, type: "SuccessCriteriaMet", reason: "CompletionsReached" },
      { ...condition, type: "Complete", reason: "CompletionsReached" },
    ],
  };
}
