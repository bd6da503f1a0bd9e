import type { Client } from "../client/client.ts";
import { keyOf, type KubeObject } from "../kube/objects.ts";
import type { Job } from "../kube/builtin.ts";
import { fieldOf } from "../kube/json.ts";
import type { JobState } from "../plan/agent-run/job-state.ts";
import type { Caches } from "./caches.ts";
import { readOncePerVersion } from "./version-reads.ts";

/** A run's Job with its status; undefined where it no longer exists. Rejects with `ApiError`. */
export type JobStates = (job: KubeObject) => Promise<JobState | undefined>;

export function createJobStates(client: Client, caches: Pick<Caches, "runJobs">): JobStates {
  const states = readOncePerVersion(client, caches.runJobs, (job) => ({
    uid: job.metadata.uid,
    status: job.status,
    suspended: suspensionOf(job),
  }));
  return async (job) => {
    const state = await states(keyOf(job));
    // Another Job of the same name is none of this run's.
    if (state === undefined || state.uid !== job.metadata.uid) return undefined;
    const { status, suspended } = state;
    return { metadata: job.metadata, ...(status && { status }), ...(suspended && { suspended }) };
  };
}

/** Kueue's label on what it has queued. */
const LABEL_QUEUE = "kueue.x-k8s.io/queue-name";

/** That a Job is suspended, and by whom as far as its labels and managed fields tell. */
export function suspensionOf({ metadata, spec }: Job): JobState["suspended"] {
  if (spec.suspend !== true) return undefined;
  const queue = metadata.labels?.[LABEL_QUEUE];
  if (queue !== undefined) return { by: `queue ${queue}` };
  const setter = metadata.managedFields?.find(({ fieldsV1 }) => setsField(fieldsV1, "f:suspend"));
  if (!setter?.manager) return {};
  // What an admission webhook changes is written down as its creator's.
  return { by: setsField(setter.fieldsV1, "f:template") ? "an admission webhook" : setter.manager };
}

function setsField(fields: unknown, name: string): boolean {
  return fieldOf(fieldOf(fields, "f:spec"), name) !== undefined;
}
