import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";

/** Fails if a program has left a folder in its temporary directory, or a process that knows of it. */
export async function assertNothingLeft(directory: string): Promise<void> {
  const left = (await readdir(directory)).filter((name) => name.startsWith("agent-operator-"));
  assert.deepEqual(left, []);
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const alive: string[] = [];
  for (const pid of pids) {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    if ((environment + command).includes(directory)) alive.push(`${pid} ${command.replaceAll("\0", " ")}`);
  }
  assert.deepEqual(alive, []);
}
