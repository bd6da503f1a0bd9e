import { readFileSync } from "node:fs";
import { childrenOf } from "./process-table.ts";

/**
 * Enforces memory limits where the cluster may not make cgroups: it measures what a container's processes
 * hold in anonymous memory, and tells when that is over the limit. Between two looks a container can
 * exceed its limit for a moment.
 */
export interface MemoryWatch {
  /** Calls `exceeded` once when the process and its descendants hold more than `limitBytes`. Returns how to end watching. */
  watch(firstProcess: () => number | undefined, limitBytes: number, exceeded: () => void): () => void;
  stop(): void;
}

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
export function treeBytes(pid: number): number {
  let total = 0;
  const left = [pid];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    total += anonymousBytes(next);
    left.push(...childrenOf(next));
  }
  return total;
}

interface Watched {
  firstProcess: () => number | undefined;
  limitBytes: number;
  exceeded: () => void;
}

export function createMemoryWatch(): MemoryWatch {
  const all = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    for (const watched of all) {
      const pid = watched.firstProcess();
      if (pid === undefined || treeBytes(pid) <= watched.limitBytes) continue;
      all.delete(watched);
      watched.exceeded();
    }
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    watch(firstProcess, limitBytes, exceeded) {
      const watched = { firstProcess, limitBytes, exceeded };
      all.add(watched);
      timer ??= setInterval(look, LOOK_EVERY_MS);
      return () => {
        all.delete(watched);
        if (all.size === 0) stop();
      };
    },
    stop,
  };
}
