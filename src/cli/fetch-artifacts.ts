import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import type { AgentRun } from "../api/agent-run.ts";
import type { Client, Location } from "../client/client.ts";
import { ApiError, isApiError, unlessRefused } from "../client/errors.ts";
import { watchResource } from "../client/watch.ts";
import { jobs, pods, type Job, type Pod } from "../kube/builtin.ts";
import { isOwnedBy } from "../kube/objects.ts";
import { pathOf } from "../kube/resources.ts";
import { DEFAULT_GIT_IMAGE } from "../operator/images.ts";
import { isPodFinished, waitingContainer } from "../plan/jobs/pod-state.ts";
import { buildArtifactsPod, type PodFile } from "../plan/specs/artifacts-pod.ts";
import { readArtifacts, tooLarge, type FetchedArtifacts } from "./artifact-stream.ts";

/** Time for the pod to be scheduled, to pull its image and to read everything. */
const LIMIT_MS = 300_000;

export interface Fetch {
  wanted: readonly PodFile[];
  image: string | undefined;
  signal: AbortSignal;
  /** Of what is fetched, as it is sent and unpacked. */
  maxBytes?: number;
}

/** Never leaves its pod behind, unless the calling user may not delete it. */
export async function fetchArtifacts(
  client: Client,
  run: AgentRun,
  { wanted, image, signal: stop, maxBytes }: Fetch,
): Promise<FetchedArtifacts> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(LIMIT_MS)]);
  const at = locationOfRun(run);
  const podName = `${at.name.slice(0, 40)}-artifacts-${randomBytes(4).toString("hex")}`;
  const pod = buildArtifactsPod({
    run,
    podName,
    wanted,
    gitImage: image ?? DEFAULT_GIT_IMAGE,
    ...(await context(client, at, run)),
  });
  await allowed("create pods", client.create(pods, pod));
  const where = { namespace: at.namespace, name: podName };
  try {
    await allowed("list and watch pods", untilReadable(client, where, signal));
    const path = pathOf(pods, { ...where, subresource: "log" });
    const log = await allowed("get pods/log", client.getStream(`${path}?follow=true`, { signal }));
    return readArtifacts(await text(within(log, wanted, maxBytes)), wanted, maxBytes);
  } finally {
    const removed = client.delete(pods, where, { gracePeriodSeconds: 0 });
    await allowed("delete pods", unlessRefused(removed, "NotFound"));
  }
}

/** Base64 makes four bytes of three, and adds line breaks and the pod's own lines. */
async function* within(
  log: AsyncIterable<Uint8Array>,
  wanted: readonly PodFile[],
  maxBytes = Infinity,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of log) {
    sent += chunk.length;
    if (sent > maxBytes * 1.4 + 4096) throw tooLarge(wanted);
    yield chunk;
  }
}

function locationOfRun({ metadata }: AgentRun): { namespace: string; name: string } {
  return { namespace: metadata.namespace ?? "default", name: metadata.name ?? "" };
}

/** The run's Job, and the node of its pod while that works: both may be gone, or not for this user to see. */
async function context(
  client: Client,
  at: { namespace: string; name: string },
  { metadata, status }: AgentRun,
): Promise<{ job?: Job; nodeName?: string }> {
  const job = await ifThere(client.get(jobs, at));
  const isOurs = job !== undefined && isOwnedBy(job, metadata.uid);
  const podAt = { namespace: at.namespace, name: status?.podName ?? "" };
  const pod = status?.podName === undefined ? undefined : await ifThere(client.get(pods, podAt));
  const nodeName = pod && !isPodFinished(pod) ? pod.spec.nodeName : undefined;
  return { ...(isOurs ? { job } : {}), ...(nodeName === undefined ? {} : { nodeName }) };
}

async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error, "NotFound") || isApiError(error, "Forbidden")) return undefined;
    throw error;
  }
}

async function untilReadable(
  client: Client,
  { namespace, name = "" }: Location,
  signal: AbortSignal,
): Promise<void> {
  const where = namespace === undefined ? {} : { namespace };
  const watched = watchResource(client, pods, { ...where, fieldSelector: `metadata.name=${name}`, signal });
  let last: Pod | undefined;
  for await (const event of watched) {
    if (event.kind === "delete") throw new Error(`pod ${name} was deleted by somebody else`);
    if (event.kind !== "upsert") continue;
    last = event.object;
    const state = last.status?.containerStatuses?.[0]?.state;
    if (state?.running || state?.terminated) return;
    const unscheduled = last.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message ?? "";
    if (/persistentvolumeclaim "[^"]*" not found/.test(unscheduled))
      throw new Error(`the run has left nothing: ${unscheduled}`);
    const waiting = waitingContainer(last);
    if (isPodFinished(last) || waiting) {
      throw new Error(
        `pod ${name} cannot start: ${waiting?.message ?? last.status?.message ?? "see its events"}`,
      );
    }
  }
  const why = last?.status?.conditions?.find(({ status, message }) => status === "False" && message)?.message;
  throw new Error(`pod ${name} did not start within ${LIMIT_MS / 1000} s: ${why ?? "no reason given"}`);
}

/** Names the permission that is missing, beside the server's own words. */
async function allowed<T>(permission: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
    const message = `you lack the permission to ${permission}, which this command needs: ${error.status?.message ?? error.message}`;
    throw new ApiError(message, { code: error.code, reason: error.reason, cause: error });
  }
}
