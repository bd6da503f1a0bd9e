import { readFileSync } from "node:fs";
import { childrenOf } from "./process-table.ts";

const LOOK_EVERY_MS = 500;
const PAGE_BYTES = 4096;

/** Anonymous memory of one process in bytes; 0 when it has ended. */
function anonymousBytes(pid: number): number {
  try {
    const [, resident = "0", shared = "0"] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Math.max(0, Number(resident) - Number(shared)) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

interface Held {
  pid: number;
  bytes: number;
}

/** A process and all its descendants with their anonymous memory. */
function treeOf(pid: number): Held[] {
  return [{ pid, bytes: anonymousBytes(pid) }, ...childrenOf(pid).flatMap(treeOf)];
}

/**
 * Enforces a memory limit if the cluster may not make cgroups: measures what a container's processes
 * hold in anonymous memory, and calls `exceeded` with the largest of them, as a kernel would choose it, when
 * that is over the limit. Between two looks a container can exceed its limit for a moment. Returns how to end
 * watching.
 */
export function watchMemory(
  firstProcess: () => number | undefined,
  limitBytes: number,
  exceeded: (pid: number) => void,
): () => void {
  const look = (): void => {
    const pid = firstProcess();
    if (pid === undefined) return;
    const held = treeOf(pid);
    if (held.reduce((total, { bytes }) => total + bytes, 0) <= limitBytes) return;
    exceeded(held.reduce((largest, one) => (one.bytes > largest.bytes ? one : largest)).pid);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
