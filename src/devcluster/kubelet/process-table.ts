import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The process ids of a process's children; none if that is unknown. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** When the process with this id was started, in the system's own words; undefined when there is none. */
export function startTicks(pid: number): string | undefined {
  try {
    if (process.platform !== "linux") {
      const said = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
      return said.trim().replaceAll(/\s+/g, "_");
    }
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
