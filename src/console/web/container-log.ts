import { CallError, readLog, type ContainerPlace } from "./api.ts";
import { linesOf } from "./lines.ts";

const [AGAIN_MS, FORBIDDEN, GONE] = [1500, 403, 404];

/** Who is given the lines of a log. */
export interface LogReader {
  push(line: string): void;
}

/**
 * Reads a container's log until the container has ended; from its beginning again, for a reader of its own, if it breaks
 * off. Resolves to "gone" if there is no such pod. Rejects with the `CallError` of what trying again cannot mend.
 */
export async function followLog(
  at: ContainerPlace,
  begin: () => LogReader,
  hasEnded: () => boolean,
  signal: AbortSignal,
): Promise<"ended" | "gone" | "stopped"> {
  while (!signal.aborted) {
    const reader = begin();
    try {
      const { body } = await readLog(at, signal);
      if (body) for await (const line of linesOf(body)) reader.push(line);
      return "ended";
    } catch (error) {
      if (signal.aborted) break;
      const code = error instanceof CallError ? error.code : 0;
      if (code === GONE) return "gone";
      if (hasEnded() || code === FORBIDDEN) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  return "stopped";
}
