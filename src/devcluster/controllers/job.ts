import type { Client } from "../../client/client.ts";
import { isApiError, unlessRefused } from "../../client/errors.ts";
import { jobs, pods as podType, type Job, type Pod } from "../../kube/builtin.ts";
import { isJobFinished, JOB_TRACKING, planJob } from "../../kube/jobs/job-plan.ts";
import { podOf, timeToLiveMs } from "../../kube/jobs/job-pods.ts";
import { controllerOf, keyOf } from "../../kube/objects.ts";
import { diffMergePatch } from "../../kube/patch/merge-patch.ts";
import type { Cache } from "./cache.ts";
import { referenceTo, type RecordEvent } from "./events.ts";
import { createLoop, type Loop } from "./loop.ts";

/** Indexes pods by the Job that controls them. */
function podsByJob(pods: Cache<Pod>, onChange: (jobKey: string) => void): (jobUid: string) => Pod[] {
  const byUid = new Map<string, Map<string, Pod>>();
  pods.subscribe(({ key, before, after }) => {
    const pod = after ?? before;
    const owner = pod && controllerOf(pod);
    if (pod === undefined || owner?.kind !== "Job") return;
    const group = byUid.get(owner.uid) ?? new Map<string, Pod>();
    if (after === undefined) group.delete(key);
    else group.set(key, after);
    if (group.size === 0) byUid.delete(owner.uid);
    else byUid.set(owner.uid, group);
    onChange(`${pod.metadata.namespace}/${owner.name}`);
  });
  return (jobUid) => [...(byUid.get(jobUid)?.values() ?? [])];
}

export interface JobControllerOptions {
  client: Client;
  jobs: Cache<Job>;
  pods: Cache<Pod>;
  recordEvent: RecordEvent;
  onError(key: string, error: unknown): void;
}

/** Runs Jobs as kube-controller-manager does: pods, counting, conditions, deadlines, clean-up after TTL. */
export function startJobController(options: JobControllerOptions): Loop {
  const { client, recordEvent } = options;
  // Deleted here, but perhaps not yet seen to be: they are not deleted twice.
  const deleted = new Set<string>();

  const removePod = async (job: Job, pod: Pod): Promise<void> => {
    const { namespace = "", name = "", uid = "" } = pod.metadata;
    if (deleted.has(uid)) return;
    deleted.add(uid);
    try {
      await client.delete(podType, { namespace, name }, { preconditions: { uid } });
      recordEvent(referenceTo(job, "batch/v1", "Job"), "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
    } catch (error) {
      deleted.delete(uid);
      if (!isApiError(error, "NotFound")) throw error;
    }
  };

  const release = async (pod: Pod): Promise<void> => {
    const { namespace = "", name = "", uid, finalizers = [] } = pod.metadata;
    const left = finalizers.filter((finalizer) => finalizer !== JOB_TRACKING);
    const metadata = { uid, finalizers: left.length === 0 ? null : left };
    const patch = client.patch(podType, { namespace, name }, { metadata }, { type: "merge" });
    const released = await unlessRefused(patch, "NotFound");
    if (released !== undefined) options.pods.put(released);
  };

  const createPod = async (job: Job): Promise<void> => {
    const about = referenceTo(job, "batch/v1", "Job");
    try {
      const pod = await client.create(podType, podOf(job));
      options.pods.put(pod);
      recordEvent(about, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      recordEvent(about, "Warning", "FailedCreate", `Error creating: ${message}`);
      throw error;
    }
  };

  const writeStatus = async (job: Job, status: NonNullable<Job["status"]>): Promise<Job> => {
    const patch = diffMergePatch({ ...job.status }, { ...status });
    if (patch === undefined) return job;
    const { namespace = "", name = "", resourceVersion } = job.metadata;
    const body = { metadata: { resourceVersion }, status: patch };
    const written = await client.patch(jobs, { namespace, name }, body, {
      type: "merge",
      subresource: "status",
    });
    options.jobs.put(written);
    return written;
  };

  const afterFinish = async (job: Job): Promise<number | undefined> => {
    const leftMs = timeToLiveMs(job, Date.now());
    if (leftMs === undefined || leftMs > 0 || job.metadata.deletionTimestamp !== undefined) return leftMs;
    const { namespace = "", name = "", uid = "" } = job.metadata;
    await client.delete(
      jobs,
      { namespace, name },
      { propagationPolicy: "Foreground", preconditions: { uid } },
    );
    return undefined;
  };

  const releaseOrphans = async (key: string, jobUid: string | undefined): Promise<void> => {
    for (const pod of options.pods.list()) {
      const owner = controllerOf(pod);
      if (owner?.kind !== "Job" || owner.uid === jobUid) continue;
      if (`${pod.metadata.namespace}/${owner.name}` !== key) continue;
      if (pod.metadata.finalizers?.includes(JOB_TRACKING)) await release(pod);
    }
  };

  const loop = createLoop({
    concurrency: 16,
    onError: options.onError,
    async reconcile(key) {
      const job = options.jobs.get(key);
      if (orphaned.delete(key) || job === undefined) await releaseOrphans(key, job?.metadata.uid);
      if (job === undefined) return undefined;
      const plan = planJob(job, podsOf(job.metadata.uid ?? ""), new Date());
      const written = await writeStatus(job, plan.status);
      for (const { type, reason, message } of plan.events) {
        recordEvent(referenceTo(job, "batch/v1", "Job"), type, reason, message);
      }
      await Promise.all(plan.release.map(release));
      await Promise.all(plan.remove.map((pod) => removePod(job, pod)));
      for (let created = 0; created < plan.create; created += 1) await createPod(job);
      if (isJobFinished(written)) return afterFinish(written);
      return plan.release.length > 0 || plan.create > 0 ? 1 : plan.lookAgainMs;
    },
  });

  /** Keys whose Job went, perhaps to be followed by another of the same name: its pods may be left. */
  const orphaned = new Set<string>();
  const podsOf = podsByJob(options.pods, (key) => loop.add(key));
  options.pods.subscribe(({ before, after }) => {
    if (after === undefined) deleted.delete(before?.metadata.uid ?? "");
  });
  options.jobs.subscribe(({ key, after }) => {
    if (after === undefined) orphaned.add(key);
    loop.add(after === undefined ? key : keyOf(after));
  });
  return loop;
}
