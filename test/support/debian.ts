import { run } from "./run.ts";

/** Rejects, with the line that installs it, when a program is missing. */
export async function requireTool(program: string, debianPackage: string): Promise<void> {
  const { code } = await run("sh", ["-c", 'command -v "$1"', "sh", program]);
  if (code !== 0) {
    throw new Error(`${program} is missing: apt-get install --no-install-recommends ${debianPackage}`);
  }
}
