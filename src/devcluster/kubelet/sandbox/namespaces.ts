import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, startCommand, type SetUpScripts } from "./command-line.ts";
import { bindLines, nestedMounts, parseMountInfo, tableLine } from "./mount-table.ts";
import { layOutRoot } from "./root-layout.ts";
import type { ContainerLaunch, HostCommand, Sandbox } from "./sandbox.ts";

interface Programs {
  unshare: string;
  setpriv: string;
  sh: string;
}

function findPrograms(path: string): Programs | undefined {
  const [unshare, setpriv, sh] = ["unshare", "setpriv", "sh"].map((name) => findProgram(name, path));
  return unshare && setpriv && sh ? { unshare, setpriv, sh } : undefined;
}

/** Writes the skeleton and its three tables; the result is the argument list of set-up-root.sh. */
function prepareRoot(launch: ContainerLaunch, path: string): string[] {
  const host = parseMountInfo(readFileSync("/proc/self/mountinfo", "utf8"));
  const { root, base, mounts } = layOutRoot(launch.directory, launch.mounts);
  const special = [
    tableLine("proc", `${root}/proc`, "proc", ["nosuid", "nodev", "noexec"]),
    tableLine("tmpfs", `${root}/dev/shm`, "tmpfs", ["nosuid", "nodev", "mode=1777", "size=64m"]),
    tableLine("devpts", `${root}/dev/pts`, "devpts", [
      "newinstance",
      "ptmxmode=0666",
      "mode=0620",
      "nosuid",
      "noexec",
    ]),
  ].join("");
  const nested = nestedMounts(base, host);
  const write = (name: string, text: string): string => {
    const file = join(launch.directory, name);
    writeFileSync(file, text);
    return file;
  };
  return [
    path,
    root,
    write("host.fstab", bindLines(root, base, host) + special),
    nested.length === 0 ? "" : write("nested.fstab", bindLines(root, nested, host)),
    write("own.fstab", bindLines(root, mounts, host)),
    launch.readOnlyRootFilesystem ? "ro" : "rw",
    launch.hostname,
    launch.workingDir,
  ];
}

function privileges(launch: ContainerLaunch): string[] {
  return [
    "--inh-caps=-all",
    `--bounding-set=${["-all", ...launch.capabilities.map((name) => `+${name}`)].join(",")}`,
    ...(launch.allowPrivilegeEscalation ? [] : ["--no-new-privs"]),
    "--pdeathsig",
    "KILL",
  ];
}

/** Mount, PID, UTS and IPC namespaces made by root, who then becomes the container's user. */
export function rootSandbox(path: string, scripts: SetUpScripts): Sandbox | undefined {
  const programs = findPrograms(path);
  if (programs === undefined) return undefined;
  const { unshare, setpriv, sh } = programs;
  return {
    mode: "root",
    description:
      "containers run in their own mount and process namespaces (unshare as root), as their runAsUser",
    changesUser: true,
    hasMounts: true,
    prepare(launch): HostCommand {
      const groups = launch.supplementalGroups;
      const [file, ...args] = [
        [setpriv, "--pdeathsig", "KILL"],
        [unshare, "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--propagation", "private"],
        [sh, "-c", scripts.root, "sh"],
        prepareRoot(launch, path),
        [setpriv, `--reuid=${launch.uid}`, `--regid=${launch.gid}`],
        [groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`],
        privileges(launch),
        startCommand(sh, scripts.start, launch),
      ].flat();
      return { file: file ?? setpriv, args, env: { ...launch.env }, cwd: "/" };
    },
  };
}

/**
 * The same namespaces inside a user namespace, for an ordinary user. Where the container's user is not
 * uid 0, a second user namespace gives it that number: agents refuse to run as uid 0. Entering a user
 * namespace clears the parent-death signal, so it is set again after each.
 */
export function userNamespaceSandbox(path: string, scripts: SetUpScripts): Sandbox | undefined {
  const programs = findPrograms(path);
  if (programs === undefined) return undefined;
  const { unshare, setpriv, sh } = programs;
  return {
    mode: "user-namespace",
    description: "containers run in a user namespace (unshare), as the user who started the cluster",
    changesUser: false,
    hasMounts: true,
    prepare(launch): HostCommand {
      const mapped =
        launch.uid === 0
          ? []
          : [unshare, "--user", `--map-user=${launch.uid}`, `--map-group=${launch.gid || launch.uid}`];
      const [file, ...args] = [
        [unshare, "--user", "--map-root-user", "--mount", "--uts", "--ipc", "--propagation", "private"],
        [setpriv, "--pdeathsig", "KILL"],
        [unshare, "--pid", "--fork", "--kill-child"],
        [sh, "-c", scripts.root, "sh"],
        prepareRoot(launch, path),
        mapped,
        setpriv,
        privileges(launch),
        startCommand(sh, scripts.start, launch),
      ].flat();
      return { file: file ?? unshare, args, env: { ...launch.env }, cwd: "/" };
    },
  };
}
