import type { Client } from "../client/client.ts";
import { ApiError } from "../client/errors.ts";
import { pods, type Pod } from "../kube/builtin.ts";
import { pathOf } from "../kube/resources.ts";
import { AGENT_CONTAINER } from "../plan/specs/names.ts";

/** The end of a log that is read: agents repeat what matters at the end of a long one. */
const TAIL_LINES = 2_000;
const TAIL_BYTES = 2 * 1024 * 1024;

/** A node that does not answer for this long after the agent's end will not give its log any more. */
const LOG_PATIENCE_MS = 120_000;

/** A stream that stands still for ever must not hold the run's reconcile. */
const READ_LIMIT_MS = 60_000;

/** So a node answers, as if that were the log, when its runtime is down or has removed the container. */
const UNAVAILABLE = "unable to retrieve container logs for ";
/** A runtime that is restarted is back sooner than this. */
const RUNTIME_PATIENCE_MS = 30_000;

/** The end of the agent's log, or why it cannot be had. Rejects while trying again can still help. */
export async function readOutput(
  client: Client,
  pod: Pod,
  sinceEndMs: number,
): Promise<{ tail: string } | { missing: string }> {
  const path = pathOf(pods, {
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    subresource: "log",
  });
  try {
    const query = `container=${AGENT_CONTAINER}&tailLines=${TAIL_LINES}`;
    const signal = AbortSignal.timeout(READ_LIMIT_MS);
    const tail = await lastBytes(await client.getStream(`${path}?${query}`, { signal }), TAIL_BYTES);
    // So the API server answers for a pod without a node, and a node for a log that it no longer has.
    if (tail === "") return { missing: "it is empty" };
    if (!tail.startsWith(UNAVAILABLE)) return { tail };
    if (wasEvicted(pod) || sinceEndMs > RUNTIME_PATIENCE_MS) return { missing: tail.trim() };
    throw new ApiError(tail.trim(), { code: 503, reason: "ServiceUnavailable" });
  } catch (error) {
    const final = error instanceof ApiError && error.code >= 400 && error.code < 429;
    if (final || sinceEndMs > LOG_PATIENCE_MS)
      return { missing: error instanceof Error ? error.message : String(error) };
    throw error;
  }
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
