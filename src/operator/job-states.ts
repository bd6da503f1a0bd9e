import type { Client } from "../client/client.ts";
import { keyOf, type KubeObject } from "../kube/objects.ts";
import type { JobState } from "../plan/jobs/job-state.ts";
import { suspendedBy } from "../plan/jobs/suspension.ts";
import type { Caches } from "./caches.ts";
import { readOncePerVersion } from "./version-reads.ts";

/** A run's Job with its status; undefined if it no longer exists. Rejects with `ApiError`. */
export type JobStates = (job: KubeObject) => Promise<JobState | undefined>;

export function createJobStates(client: Client, caches: Pick<Caches, "runJobs">): JobStates {
  const states = readOncePerVersion(client, caches.runJobs, (job) => ({
    uid: job.metadata.uid,
    status: job.status,
    suspended: suspendedBy(job),
  }));
  return async (job) => {
    const state = await states(keyOf(job));
    // Another Job of the same name is none of this run's.
    if (state === undefined || state.uid !== job.metadata.uid) return undefined;
    const { status, suspended } = state;
    return { metadata: job.metadata, ...(status && { status }), ...(suspended && { suspended }) };
  };
}
