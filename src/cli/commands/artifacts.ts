import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { AgentRun } from "../../api/agent-run.ts";
import { agentRuns } from "../../api/resources.ts";
import type { Client, Location } from "../../client/client.ts";
import { ApiError, isApiError } from "../../client/errors.ts";
import { watchResource } from "../../client/watch.ts";
import { jobs, pods, type Job, type Pod } from "../../kube/builtin.ts";
import { pathOf } from "../../kube/resources.ts";
import { DEFAULT_GIT_IMAGE } from "../../operator/images.ts";
import { isPodFinished, waitingContainer } from "../../plan/jobs/pod-state.ts";
import { ARTIFACTS, buildArtifactsPod, type Artifact } from "../../plan/specs/artifacts-pod.ts";
import { readArtifacts, type FetchedArtifacts } from "../artifact-stream.ts";
import { withCluster } from "../cluster.ts";
import { UsageError } from "../command.ts";
import type { ArtifactsValues } from "../options.ts";
import type { CommandContext } from "../context.ts";

/** Time for the pod to be scheduled, to pull its image and to read everything. */
const LIMIT_MS = 300_000;

const FILE_NAMES: Readonly<Record<Artifact, string>> = {
  patch: "patch",
  transcript: "transcript.jsonl",
  log: "log",
};

/** Fetches what a run has left. Exit code 1: something of what was asked for by name is not there. */
export async function runArtifacts(values: ArtifactsValues, context: CommandContext): Promise<number> {
  const { config, stop } = context;
  const named = ARTIFACTS.filter((name) => values[name === "log" ? "logs" : name]);
  if (values.output === undefined && named.length !== 1) {
    throw new UsageError("give -o DIR, or one of --patch, --transcript and --logs for standard output");
  }
  const wanted = named.length > 0 ? named : ARTIFACTS;
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(LIMIT_MS)]);
  const { files: found, cut } = await withCluster(values, config, async ({ client, namespace }) =>
    fetchArtifacts(client, { namespace, name: values.run }, { wanted, image: values.image, signal }),
  );
  for (const name of cut) {
    context.out.error(`the ${name} is larger than 256 MiB: this is its beginning; all of it is on the claim`);
  }
  if (values.output === undefined) {
    const [content] = found.values();
    if (content === undefined) throw new Error(`${values.run} has left no ${wanted.join()}`);
    context.out.writeBytes(content);
    return 0;
  }
  await save(found, values.run, resolve(config.workingDirectory, values.output), context);
  return named.some((name) => found.get(name) === undefined) ? 1 : 0;
}

async function save(
  found: FetchedArtifacts["files"],
  run: string,
  directory: string,
  { out }: CommandContext,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of ARTIFACTS) {
    if (!found.has(name)) continue;
    const content = found.get(name);
    if (content === undefined) {
      out.error(`${run} has left no ${name}`);
      continue;
    }
    const path = join(directory, FILE_NAMES[name]);
    await writeFile(path, content);
    out.line(path);
  }
}

interface Fetch {
  wanted: readonly Artifact[];
  image: string | undefined;
  signal: AbortSignal;
}

/** Never leaves its pod behind, unless the calling user may not delete it. */
async function fetchArtifacts(
  client: Client,
  at: { namespace: string; name: string },
  { wanted, image, signal }: Fetch,
): Promise<FetchedArtifacts> {
  const run = await allowed("get agentruns", client.get(agentRuns, at));
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
    return readArtifacts(await text(log), wanted);
  } finally {
    await allowed("delete pods", client.delete(pods, where, { gracePeriodSeconds: 0 }));
  }
}

/** The run's Job, and the node of its pod while that works: both may be gone, or not for this user to see. */
async function context(
  client: Client,
  at: { namespace: string; name: string },
  { metadata, status }: AgentRun,
): Promise<{ job?: Job; nodeName?: string }> {
  const job = await ifThere(client.get(jobs, at));
  const isOurs = job?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
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
