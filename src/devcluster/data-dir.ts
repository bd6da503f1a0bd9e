import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { startTicks } from "./kubelet/process-table.ts";

const LOCK = "lock";

function holderOf(lock: string): string | undefined {
  try {
    const [pid = "", ticks = ""] = readFileSync(lock, "utf8").trim().split(" ");
    // A process id is used again after a while: only with the same start time is it the same process.
    return pid !== "" && startTicks(Number(pid)) === ticks ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes the data directory for this process, private to its user; the answer gives it back. Throws with the holder's process
 * id when another cluster runs on it; a lock that a killed cluster left is taken over.
 */
export function lockDataDir(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, 0o700);
  const lock = join(dataDir, LOCK);
  const holder = holderOf(lock);
  if (holder !== undefined) {
    throw new Error(
      `${dataDir} is in use by the cluster of process ${holder}: stop that process, or choose another data directory`,
    );
  }
  rmSync(lock, { force: true });
  const file = openSync(lock, "wx", 0o644);
  writeSync(file, `${process.pid} ${startTicks(process.pid) ?? ""}\n`);
  closeSync(file);
  return () => rmSync(lock, { force: true });
}
