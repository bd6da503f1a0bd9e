import { findProgram, startCommand, type SetUpScripts } from "./command-line.ts";
import { layOutRoot } from "./root-layout.ts";
import type { HostCommand, Mount, Sandbox } from "./sandbox.ts";

function bindArguments(mount: Mount): string[] {
  return [mount.readOnly ? "--ro-bind" : "--bind", mount.source, mount.target];
}

/** bwrap makes the namespaces and mounts; the container's user is the one who started the cluster, under another number. */
export function bubblewrapSandbox(path: string, scripts: SetUpScripts): Sandbox | undefined {
  const bwrap = findProgram("bwrap", path);
  const sh = findProgram("sh", path);
  if (bwrap === undefined || sh === undefined) return undefined;
  return {
    mode: "bubblewrap",
    description: "containers run in bubblewrap, as the user who started the cluster",
    changesUser: false,
    hasMounts: true,
    prepare(launch): HostCommand {
      const { root, base, mounts } = layOutRoot(launch.directory, launch.mounts);
      const own = mounts.filter((mount) => mount.target !== "/dev");
      const args = [
        ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
        ["--hostname", launch.hostname.slice(0, 63)],
        ["--uid", String(launch.uid), "--gid", String(launch.gid || launch.uid)],
        ["--as-pid-1", "--die-with-parent", "--cap-drop", "ALL"],
        ["--bind", root, "/"],
        base.filter((mount) => !mount.target.startsWith("/dev/")).flatMap(bindArguments),
        ["--proc", "/proc", "--dev", "/dev"],
        own.flatMap(bindArguments),
        ["--dir", launch.workingDir],
        launch.readOnlyRootFilesystem ? ["--remount-ro", "/"] : [],
        ["--chdir", "/", "--"],
        startCommand(sh, scripts.start, launch),
      ].flat();
      return { file: bwrap, args, env: { ...launch.env }, cwd: "/" };
    },
  };
}
