import type { Client } from "../client/client.ts";
import { ApiError, isApiError } from "../client/errors.ts";
import { pods, type Pod } from "../kube/builtin.ts";
import { pathOf } from "../kube/resources.ts";
import { agentStartedAt } from "../plan/jobs/pod-state.ts";
import { AGENT_CONTAINER } from "../plan/specs/names.ts";

/** The end of a log that is read: agents repeat what matters at the end of a long one. */
const TAIL_LINES = 2_000;
const TAIL_BYTES = 2 * 1024 * 1024;

/** A log that cannot be had for this long after the agent's end will not come any more. */
const LOG_PATIENCE_MS = 120_000;

/** A stream that stands still for ever must not hold the run's reconcile. */
const READ_LIMIT_MS = 60_000;

/** So a node answers, as if that were the log, when its runtime is down or has removed the container. */
const UNAVAILABLE = /^unable to retrieve container logs for [^\n]*\n?$/;
/** A runtime that is restarted is back sooner than this. */
const RUNTIME_PATIENCE_MS = 30_000;

/** The end of the agent's log, or why it cannot be had. Rejects while trying again can still help. */
export async function readOutput(client: Client, pod: Pod, sinceEndMs: number): Promise<Output> {
  if (agentStartedAt(pod) === undefined) return { missing: "the agent never ran" };
  try {
    const tail = await readTail(client, pod);
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

async function readTail(client: Client, pod: Pod): Promise<string> {
  const { namespace, name } = pod.metadata;
  const path = pathOf(pods, { namespace, name, subresource: "log" });
  const query = `container=${AGENT_CONTAINER}&tailLines=${TAIL_LINES}`;
  const signal = AbortSignal.timeout(READ_LIMIT_MS);
  return lastBytes(await client.getStream(`${path}?${query}`, { signal }), TAIL_BYTES);
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
