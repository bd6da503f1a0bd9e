import { accessSync, constants, readFileSync, statSync } from "node:fs";
import type { ContainerLaunch } from "./sandbox.ts";

/** The constant set-up scripts, given to `sh -c`; their inputs are arguments. */
export interface SetUpScripts {
  root: string;
  start: string;
}

export function readSetUpScripts(): SetUpScripts {
  const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
  return { root: read("set-up-root.sh"), start: read("start-command.sh") };
}

/** Absolute path of a program on `path`, if it is there. */
export function findProgram(name: string, path: string): string | undefined {
  for (const directory of path.split(":")) {
    const candidate = `${directory}/${name}`;
    try {
      accessSync(candidate, constants.X_OK);
      if (directory.startsWith("/") && statSync(candidate).isFile()) return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}

/**
 * The command line that ends every sandbox's: `sh` runs start-command.sh, which runs the container's
 * command. A shell drops variables whose names are no identifiers, so `env` sets those.
 */
export function startCommand(sh: string, script: string, launch: ContainerLaunch): string[] {
  const odd = Object.entries(launch.env).filter(([name]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  const env = odd.length === 0 ? [] : ["env", ...odd.map(([name, value]) => `${name}=${value}`)];
  return [sh, "-c", script, "sh", launch.workingDir, ...env, ...launch.argv];
}
