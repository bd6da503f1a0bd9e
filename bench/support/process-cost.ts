import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own tick. */
const TICK_MS = 10;
const KIB_PER_MIB = 1024;

/** CPU time that a process has used so far, in milliseconds, as the operating system counts it. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in brackets and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process now, and the most that it ever had, in MiB. */
export async function residentMiB(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kib = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { now: kib("VmRSS") / KIB_PER_MIB, peak: kib("VmHWM") / KIB_PER_MIB };
}

const QUIET_MS = 1_000;
const REST_MS = 14_000;
const QUIET_LIMIT_MS = 60_000;

/** Resolves a while after the process has stopped using CPU time; rejects if it does not stop. */
export async function untilRested(pid: number): Promise<void> {
  const limit = performance.now() + QUIET_LIMIT_MS;
  for (let before = await cpuMs(pid); ;) {
    await sleep(QUIET_MS);
    const now = await cpuMs(pid);
    if (now - before <= 20) break;
    if (performance.now() > limit)
      throw new Error(`process ${pid} is not at rest after ${QUIET_LIMIT_MS} ms`);
    before = now;
  }
  await sleep(REST_MS);
}
