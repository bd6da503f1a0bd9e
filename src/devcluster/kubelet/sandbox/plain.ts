import { mkdirSync } from "node:fs";
import { findProgram, startCommand, type SetUpScripts } from "./command-line.ts";
import type { ContainerLaunch, HostCommand, Mount, Sandbox } from "./sandbox.ts";

/**
 * `value` with a leading mount path replaced by the directory behind it; the deepest mount wins. Every
 * element of a `:`-separated list is looked at.
 */
export function remapPath(value: string, mounts: readonly Mount[]): string {
  const deepestFirst = [...mounts].sort((a, b) => b.target.length - a.target.length);
  const remapOne = (path: string): string => {
    const mount = deepestFirst.find(({ target }) => path === target || path.startsWith(`${target}/`));
    return mount === undefined ? path : mount.source + path.slice(mount.target.length);
  };
  return value.startsWith("/") ? value.split(":").map(remapOne).join(":") : value;
}

/** Set by the kubelet itself: paths of this machine already, which may lie below a mount path such as /tmp. */
const HOST_VARIABLES: readonly string[] = ["PATH", "GIT_CONFIG_SYSTEM"];

function remapLaunch(launch: ContainerLaunch): ContainerLaunch {
  const remap = (value: string): string => remapPath(value, launch.mounts);
  return {
    ...launch,
    argv: launch.argv.map((arg) => (arg.includes("\n") ? arg : arg.replace(/(?<=^|^[A-Z_]+=)\/.*$/, remap))),
    env: Object.fromEntries(
      Object.entries(launch.env).map(([name, value]) => [
        name,
        HOST_VARIABLES.includes(name) ? value : remap(value),
      ]),
    ),
    workingDir: remap(launch.workingDir),
  };
}

/** No isolation at all, for systems without namespaces such as macOS. */
export function plainSandbox(path: string, scripts: SetUpScripts, asRoot: boolean): Sandbox | undefined {
  const sh = findProgram("sh", path);
  const setpriv = findProgram("setpriv", path);
  if (sh === undefined) return undefined;
  const prepare = (launch: ContainerLaunch): HostCommand => {
    const remapped = remapLaunch(launch);
    const user = asRoot ? [`--reuid=${launch.uid}`, `--regid=${launch.gid}`, "--clear-groups"] : [];
    const prefix = setpriv === undefined ? [] : [setpriv, ...user, "--pdeathsig", "KILL"];
    if (remapped.workingDir !== launch.workingDir) mkdirSync(remapped.workingDir, { recursive: true });
    const [file, ...args] = [...prefix, ...startCommand(sh, scripts.start, remapped)];
    return { file: file ?? sh, args, env: { ...remapped.env }, cwd: "/" };
  };
  return {
    mode: "none",
    description:
      "containers are ordinary processes of this machine: mount paths in their environment and working directory are rewritten, --host is not supported",
    changesUser: asRoot && setpriv !== undefined,
    hasMounts: false,
    prepare,
    enter: prepare,
  };
}
