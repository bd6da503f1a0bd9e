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

/** Anonymous memory of a process and all its descendants, in bytes. */
function treeBytes(pid: number): number {
  return childrenOf(pid).reduce((total, child) => total + treeBytes(child), anonymousBytes(pid));
}

/**
 * Enforces a memory limit where the cluster may not make cgroups: measures what a container's processes
 * hold in anonymous memory, and calls `exceeded` once when that is over the limit. Between two looks a
 * container can exceed its limit for a moment. Returns how to end watching.
 */
export function watchMemory(
  firstProcess: () => number | undefined,
  limitBytes: number,
  exceeded: () => void,
): () => void {
  const look = (): void => {
    const pid = firstProcess();
    if (pid === undefined || treeBytes(pid) <= limitBytes) return;
    clearInterval(timer);
    exceeded();
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
