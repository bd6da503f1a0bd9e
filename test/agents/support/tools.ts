import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot } from "../../support/project-files.ts";

const MODULES = join(projectRoot, "node_modules");

/** How the user of a container comes to the checkout's programs. */
export interface Tools {
  /** The PATH of the container. */
  path: string;
  /** Goes before the command that starts the container. */
  enter: readonly string[];
}

/**
 * Where root's own directory holds the checkout, others cannot look into it: the container then has the programs
 * mounted below `directory`, in its own mount namespace. The mount keeps the name node_modules, by which
 * programs find their packages.
 */
export function provideTools(directory: string, changesUser: boolean): Tools {
  if (!changesUser || isOpenToOthers(MODULES)) return { path: pathWith(MODULES), enter: [] };
  const mounted = join(directory, "node_modules");
  mkdirSync(mounted, { recursive: true });
  const script = 'mount --bind "$0" "$1" && shift && exec "$@"';
  return { path: pathWith(mounted), enter: ["unshare", "--mount", "sh", "-c", script, MODULES, mounted] };
}

function pathWith(modules: string): string {
  return `${join(modules, ".bin")}:/usr/bin:/bin`;
}

function isOpenToOthers(path: string): boolean {
  const isOpen = (statSync(path).mode & 0o001) !== 0;
  return isOpen && (dirname(path) === path || isOpenToOthers(dirname(path)));
}
