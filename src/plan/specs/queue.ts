import type { Job } from "../../kube/builtin.ts";
import { LABEL_QUEUE } from "../jobs/suspension.ts";

/** The Job as Kueue takes it in: with the name of the queue, and suspended until its place is free. */
export function inQueue(job: Job, queueName: string | undefined): Job {
  if (queueName === undefined) return job;
  const { metadata, spec } = job;
  return {
    ...job,
    metadata: { ...metadata, labels: { ...metadata.labels, [LABEL_QUEUE]: queueName } },
    spec: { ...spec, suspend: true },
  };
}
