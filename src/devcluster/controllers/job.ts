import { follow } from "../../client/cache/follow.ts";
import { isApiError, unlessRefused } from "../../client/errors.ts";
import { jobs, pods, type Job, type Pod } from "../../kube/builtin.ts";
import { isJobFinished, isTracked, JOB_TRACKING, planJob } from "./plans/job-plan.ts";
import { jobKeysOf, podOf, timeToLiveMs } from "./plans/job-pods.ts";
import { controllerOf, locationOf, withoutFinalizer } from "../../kube/objects.ts";
import { diffMergePatch } from "../../kube/merge-patch.ts";
import type { ControllerOptions } from "./caches.ts";
import { createLoop, type Loop } from "./loop.ts";

/** Runs Jobs as kube-controller-manager does: pods, counting, conditions, deadlines, clean-up after TTL. */
export function startJobController(options: ControllerOptions): Loop {
  const { client, caches, recordEvent } = options;
  // Deleted here, but perhaps not yet seen to be: they are not deleted twice.
  const deleted = new Set<string>();

  const removePod = async (job: Job, pod: Pod): Promise<void> => {
    const { name, uid = "" } = pod.metadata;
    if (deleted.has(uid)) return;
    deleted.add(uid);
    try {
      await client.delete(pods, locationOf(pod), { preconditions: { uid } });
      recordEvent(jobs, job, { type: "Normal", reason: "SuccessfulDelete", message: `Deleted pod: ${name}` });
    } catch (error) {
      deleted.delete(uid);
      if (!isApiError(error, "NotFound")) throw error;
    }
  };

  const release = async (pod: Pod): Promise<void> => {
    const patch = client.patch(pods, locationOf(pod), withoutFinalizer(pod, JOB_TRACKING));
    const released = await unlessRefused(patch, "NotFound");
    if (released !== undefined) caches.pods.put(released);
  };

  const createPod = async (job: Job): Promise<void> => {
    try {
      const pod = await client.create(pods, podOf(job));
      caches.pods.put(pod);
      const message = `Created pod: ${pod.metadata.name}`;
      recordEvent(jobs, job, { type: "Normal", reason: "SuccessfulCreate", message });
    } catch (error) {
      const message = `Error creating: ${error instanceof Error ? error.message : String(error)}`;
      recordEvent(jobs, job, { type: "Warning", reason: "FailedCreate", message });
      throw error;
    }
  };

  const writeStatus = async (job: Job, status: NonNullable<Job["status"]>): Promise<Job> => {
    const patch = diffMergePatch({ ...job.status }, { ...status });
    if (patch === undefined) return job;
    const body = { metadata: { resourceVersion: job.metadata.resourceVersion }, status: patch };
    const written = await client.patch(jobs, locationOf(job), body, { subresource: "status" });
    caches.jobs.put(written);
    return written;
  };

  const afterFinish = async (job: Job): Promise<number | undefined> => {
    const leftMs = timeToLiveMs(job, Date.now());
    if (leftMs === undefined || leftMs > 0 || job.metadata.deletionTimestamp !== undefined) return leftMs;
    const preconditions = { uid: job.metadata.uid ?? "" };
    await client.delete(jobs, locationOf(job), { propagationPolicy: "Foreground", preconditions });
    return undefined;
  };

  const loop = createLoop({
    concurrency: 16,
    onError: options.onError,
    async reconcile(key) {
      const job = caches.jobs.get(key);
      const named = [...caches.pods.by("job", key)];
      const isOwn = (pod: Pod): boolean => controllerOf(pod)?.uid === job?.metadata.uid;
      // What a Job that has gone left behind, perhaps to be followed by another of the same name.
      await Promise.all(named.filter((pod) => !isOwn(pod) && isTracked(pod)).map(release));
      if (job === undefined) return undefined;
      const plan = planJob(job, named.filter(isOwn), new Date());
      const written = await writeStatus(job, plan.status);
      for (const event of plan.events) recordEvent(jobs, job, event);
      await Promise.all(plan.release.map(release));
      await Promise.all(plan.remove.map((pod) => removePod(job, pod)));
      for (let created = 0; created < plan.create; created += 1) await createPod(job);
      if (isJobFinished(written)) return afterFinish(written);
      return plan.release.length > 0 || plan.create > 0 ? 1 : plan.lookAgainMs;
    },
  });

  follow(caches.pods, ({ old, new: present }) => {
    if (present === undefined) deleted.delete(old?.metadata.uid ?? "");
    for (const pod of [old, present]) if (pod !== undefined) for (const key of jobKeysOf(pod)) loop.add(key);
  });
  follow(caches.jobs, ({ key }) => loop.add(key));
  return loop;
}
