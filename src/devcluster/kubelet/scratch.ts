import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseMountInfo } from "./sandbox/mount-table.ts";

/** Where the roots of containers are laid out; nothing in it outlives them. */
export interface Scratch {
  path: string;
  remove(): void;
}

const MEMORY = "/dev/shm";

/** A directory in memory: a root has dozens of entries, and a disk takes long to make them. */
function inMemory(): string | undefined {
  try {
    const mount = parseMountInfo(readFileSync("/proc/self/mountinfo", "utf8")).findLast(
      ({ path }) => path === MEMORY,
    );
    // Containers start programs from their root, in /tmp for one.
    if (mount === undefined || mount.flags.includes("noexec")) return undefined;
    return mkdtempSync(join(MEMORY, "devcluster-"));
  } catch {
    return undefined;
  }
}

/** Makes the scratch directory and removes the one of a cluster that was killed. `directory` remembers it. */
export function createScratch(directory: string): Scratch {
  const record = join(directory, "scratch");
  try {
    const before = readFileSync(record, "utf8");
    if (before.startsWith(join(MEMORY, "devcluster-")) && !before.includes("..")) {
      rmSync(before, { recursive: true, force: true });
    }
  } catch {
    // The first start.
  }
  const onDisk = join(directory, "roots");
  rmSync(onDisk, { recursive: true, force: true });
  const path = inMemory() ?? onDisk;
  mkdirSync(path, { recursive: true });
  writeFileSync(record, path);
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
      rmSync(record, { force: true });
    },
  };
}
