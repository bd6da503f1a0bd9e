import type { Client } from "../client/client.ts";
import { ApiError, isApiError } from "../client/errors.ts";
import { pods, type Pod } from "../kube/builtin.ts";
import { pathOf } from "../kube/resources.ts";
import { agentStartedAt } from "../plan/jobs/pod-state.ts";
import { AGENT_CONTAINER, VERIFY_CONTAINER } from "../plan/specs/names.ts";

/** How much of a log's end is read, and for how long: one that never comes must not hold the run's reconcile. */
interface Tail {
  lines: number;
  bytes: number;
  limitMs: number;
}

/** Agents repeat what matters at the end of a long log. */
const ENDED: Tail = { lines: 2_000, bytes: 2 * 1024 * 1024, limitMs: 60_000 };

/** Lines enough for words of other programs after the agent's last event. */
const RECENT: Tail = { lines: 20, bytes: 256 * 1024, limitMs: 5_000 };

/** As much of a verification's output as a status holds. */
const JUDGED: Tail = { lines: 400, bytes: 8 * 1024, limitMs: 5_000 };

/** A log that cannot be had for this long after the agent's end will not come any more. */
const LOG_PATIENCE_MS = 120_000;

/** So a node answers, as if that were the log, when its runtime is down or has removed the container. */
const UNAVAILABLE = /^unable to retrieve container logs for [^\n]*\n?$/;
/** A runtime that is restarted is back sooner than this. */
const RUNTIME_PATIENCE_MS = 30_000;

/** The end of the agent's log, or why it cannot be had. Rejects while trying again can still help. */
export async function readOutput(client: Client, pod: Pod, sinceEndMs: number): Promise<Output> {
  if (agentStartedAt(pod) === undefined) return { missing: "the agent never ran" };
  try {
    const tail = await readTail(client, pod, ENDED);
    // So the API server answers for a pod without a node, and a node for a log that it no longer has.
    if (tail === "") return { missing: "it is empty" };
    if (!UNAVAILABLE.test(tail)) return { tail };
    if (wasEvicted(pod) || sinceEndMs > RUNTIME_PATIENCE_MS) return { missing: tail.trim() };
    throw new ApiError(tail.trim(), { code: 503, reason: "ServiceUnavailable" });
  } catch (error) {
    // One refusal says little: permissions are being changed, a token is being renewed, the node is behind.
    if (sinceEndMs <= LOG_PATIENCE_MS && !isLogGone(pod, error)) throw error;
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

type Output = { tail: string } | { missing: string };

/** The newest lines of an agent at work; undefined if they cannot be had, which says nothing about the run. */
export async function readRecent(client: Client, pod: Pod): Promise<string | undefined> {
  try {
    return await readTail(client, pod, RECENT);
  } catch {
    return undefined;
  }
}

/** What a verification has printed at last; undefined if that cannot be had, which does not change its verdict. */
export async function readJudgement(client: Client, pod: Pod): Promise<string | undefined> {
  try {
    const tail = await readTail(client, pod, JUDGED, VERIFY_CONTAINER);
    return UNAVAILABLE.test(tail) ? undefined : tail;
  } catch {
    return undefined;
  }
}

async function readTail(
  client: Client,
  pod: Pod,
  { lines, bytes, limitMs }: Tail,
  container = AGENT_CONTAINER,
): Promise<string> {
  const { namespace, name } = pod.metadata;
  const path = pathOf(pods, { namespace, name, subresource: "log" });
  const query = `container=${container}&tailLines=${lines}`;
  const signal = AbortSignal.timeout(limitMs);
  return lastBytes(await client.getStream(`${path}?${query}`, { signal }), bytes);
}

/** A pod that is being deleted takes its logs along. */
function isLogGone(pod: Pod, error: unknown): boolean {
  return wasEvicted(pod) || (pod.metadata.deletionTimestamp !== undefined && isApiError(error, "NotFound"));
}

/** A node that evicts a pod removes its containers. */
function wasEvicted({ status }: Pod): boolean {
  return status?.reason === "Evicted";
}

/** Holds no more than twice `limit` at a time, however long the stream is. */
async function lastBytes(stream: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  let kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    kept.push(chunk);
    size += chunk.length;
    if (size > 2 * limit) {
      const last = Buffer.concat(kept).subarray(-limit);
      kept = [last];
      size = last.length;
    }
  }
  return Buffer.concat(kept).subarray(-limit).toString("utf8");
}
