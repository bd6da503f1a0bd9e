import { follow } from "../../client/cache/follow.ts";
import { isApiError, unlessRefused } from "../../client/errors.ts";
import { jobs, pods, type Job, type Pod } from "../../kube/builtin.ts";
import { isTracked, JOB_TRACKING, untracked, withActive } from "./plans/job-counts.ts";
import { isJobFinished, planJob } from "./plans/job-plan.ts";
import { jobKeysOf, podOf, timeToLiveMs } from "./plans/job-pods.ts";
import { controllerOf, locationOf, withoutFinalizer } from "../../kube/objects.ts";
import { diffMergePatch } from "../../kube/merge-patch.ts";
import type { ControllerOptions } from "./caches.ts";
import { createLoop, type Loop } from "./loop.ts";

/** A Job is looked at so long after its pods changed. The real controller takes 1 s. */
const BATCH_MS = 100;

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

  const createPod = async (job: Job): Promise<Pod> => {
    try {
      const pod = await client.create(pods, podOf(job));
      caches.pods.put(pod);
      const message = `Created pod: ${pod.metadata.name}`;
      recordEvent(jobs, job, { type: "Normal", reason: "SuccessfulCreate", message });
      return pod;
    } catch (error) {
      const why = isApiError(error) ? error.status?.message : undefined;
      const message = `Error creating: ${why ?? (error instanceof Error ? error.message : String(error))}`;
      recordEvent(jobs, job, { type: "Warning", reason: "FailedCreate", message });
      throw error;
    }
  };

  const createPods = async (job: Job, wanted: number): Promise<{ created: Pod[]; problem?: unknown }> => {
    const created: Pod[] = [];
    try {
      while (created.length < wanted) created.push(await createPod(job));
    } catch (problem) {
      return { created, problem };
    }
    return { created };
  };

  const writeStatus = async (job: Job, status: NonNullable<Job["status"]>): Promise<Job | undefined> => {
    const patch = diffMergePatch({ ...job.status }, { ...status });
    if (patch === undefined) return job;
    const body = { metadata: { resourceVersion: job.metadata.resourceVersion }, status: patch };
    const patched = client.patch(jobs, locationOf(job), body, { subresource: "status" });
    const written = await unlessRefused(patched, "NotFound");
    if (written !== undefined) caches.jobs.put(written);
    return written;
  };

  const afterFinish = async (job: Job): Promise<number | undefined> => {
    const leftMs = timeToLiveMs(job, Date.now());
    if (leftMs === undefined || leftMs > 0 || job.metadata.deletionTimestamp !== undefined) return leftMs;
    const preconditions = { uid: job.metadata.uid ?? "" };
    await client.delete(jobs, locationOf(job), { propagationPolicy: "Foreground", preconditions });
    return undefined;
  };

  /** As the real one: first the pods, then the status that counts them. */
  const carryOut = async (job: Job, own: readonly Pod[]): Promise<number | undefined> => {
    const plan = planJob(job, own, new Date());
    await Promise.all(plan.forget.map(release));
    await Promise.all(plan.remove.map((pod) => removePod(job, pod)));
    const { created, problem } = await createPods(job, plan.create);
    const written = await writeStatus(job, withActive(plan.status, created.length));
    if (written === undefined) return undefined;
    if (problem !== undefined) throw problem;
    for (const event of plan.events) recordEvent(jobs, job, event);
    if (plan.release.length > 0) {
      await Promise.all(plan.release.map(release));
      // They are counted at once, as they were seen.
      const rest = own.map((pod) => (plan.release.includes(pod) ? untracked(pod) : pod));
      return carryOut(written, [...rest, ...created]);
    }
    return isJobFinished(written) ? afterFinish(written) : plan.requeueMs;
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
      return carryOut(job, named.filter(isOwn));
    },
  });

  follow(caches.pods, ({ old, new: present }) => {
    if (present === undefined) deleted.delete(old?.metadata.uid ?? "");
    for (const pod of [old, present])
      if (pod !== undefined) for (const key of jobKeysOf(pod)) loop.add(key, BATCH_MS);
  });
  // What a Job that has gone leaves behind is deleted first.
  follow(caches.jobs, ({ key, new: job }) => loop.add(key, job === undefined ? BATCH_MS : 0));
  return loop;
}
