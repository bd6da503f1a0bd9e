import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startTicks } from "./process-table.ts";

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function endProcess(pidFile: string): void {
  try {
    const [pid = "", ticks = ""] = readFileSync(pidFile, "utf8").trim().split(" ");
    // The id may belong to another process by now: only the start time identifies it.
    if (ticks === "" || startTicks(Number(pid)) !== ticks) return;
    process.kill(-Number(pid), "SIGKILL");
  } catch {
    // It has ended, or left no record.
  }
}

/**
 * Ends what containers of a cluster that was killed still run, and removes their scratch directories.
 * Logs and volumes stay until their pods go.
 */
export function removeLeftovers(podsDirectory: string): void {
  for (const uid of list(podsDirectory)) {
    const containers = join(podsDirectory, uid, "containers");
    for (const name of list(containers)) {
      endProcess(join(containers, name, "pid"));
      rmSync(join(containers, name), { recursive: true, force: true });
    }
  }
}

/** Removes the directories of pods that no longer exist. */
export function removeOrphans(podsDirectory: string, known: ReadonlySet<string>): void {
  for (const uid of list(podsDirectory)) {
    if (!known.has(uid)) rmSync(join(podsDirectory, uid), { recursive: true, force: true });
  }
}
