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
  nsenter: string | undefined;
}

function findPrograms(path: string): Programs | undefined {
  const [unshare, setpriv, sh] = ["unshare", "setpriv", "sh"].map((name) => findProgram(name, path));
  const nsenter = findProgram("nsenter", path);
  return unshare && setpriv && sh ? { unshare, setpriv, sh, nsenter } : undefined;
}

/** Writes the skeleton and its tables; the result is the argument list of set-up-root.sh. */
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
  const [nested, own] = [nestedMounts(base, host), mounts].map((each) => bindLines(root, each, host));
  const first = tableLine(root, root, "none", ["bind"]) + bindLines(root, base, host) + special;
  const write = (name: string, text = ""): string => {
    const file = join(launch.directory, name);
    writeFileSync(file, text);
    return file;
  };
  return [
    path,
    root,
    write("first.fstab", nested ? first : first + own),
    write("nested.fstab", nested),
    write("own.fstab", nested && own),
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
    ...DIE_WITH_PARENT,
  ];
}

const DIE_WITH_PARENT = ["--pdeathsig", "KILL"];
const NAMESPACES = ["--mount", "--uts", "--ipc", "--propagation", "private"];
const PROCESSES = ["--pid", "--fork", "--kill-child"];

const DESCRIPTIONS = {
  root: "containers run in their own mount and process namespaces (unshare as root), as their runAsUser",
  "user-namespace": "containers run in a user namespace (unshare), as the user who started the cluster",
};

/** Makes the namespaces. Entering a user namespace clears the parent-death signal, so it is set after that. */
function enter({ setpriv, unshare }: Programs, asRoot: boolean): string[] {
  const dieWithParent = [setpriv, ...DIE_WITH_PARENT];
  return asRoot
    ? [...dieWithParent, unshare, ...NAMESPACES, ...PROCESSES]
    : [unshare, "--user", "--map-root-user", ...NAMESPACES, ...dieWithParent, unshare, ...PROCESSES];
}

/**
 * Becomes the container's user, up to the options of `setpriv`. Without root a second user namespace gives
 * it the number that it is to have: agents refuse to run as uid 0.
 */
function becomeUser({ setpriv, unshare }: Programs, launch: ContainerLaunch, asRoot: boolean): string[] {
  const { uid, gid, supplementalGroups } = launch;
  const groups =
    supplementalGroups.length === 0 ? "--clear-groups" : `--groups=${supplementalGroups.join(",")}`;
  if (asRoot) return [setpriv, `--reuid=${uid}`, `--regid=${gid}`, groups];
  const mapping = [unshare, "--user", `--map-user=${uid}`, `--map-group=${gid || uid}`];
  return [...(uid === 0 ? [] : mapping), setpriv];
}

/** Mount, PID, UTS and IPC namespaces, made by root or by an ordinary user in a user namespace. */
export function namespaceSandbox(
  mode: keyof typeof DESCRIPTIONS,
  path: string,
  scripts: SetUpScripts,
): Sandbox | undefined {
  const programs = findPrograms(path);
  if (programs === undefined) return undefined;
  const [sh, asRoot] = [programs.sh, mode === "root"];
  const enterWith =
    (nsenter: string): NonNullable<Sandbox["enter"]> =>
    (launch, outer, first) => {
      const args = [
        [`--target=${outer}`, "--mount", "--uts", "--ipc", `--pid=/proc/${first}/ns/pid`],
        asRoot ? [] : ["--user", "--preserve-credentials"],
        becomeUser(programs, launch, asRoot),
        privileges(launch),
        startCommand(sh, scripts.start, launch),
      ].flat();
      return { file: nsenter, args, env: { ...launch.env }, cwd: "/" };
    };
  return {
    mode,
    description: DESCRIPTIONS[mode],
    changesUser: asRoot,
    hasMounts: true,
    prepare(launch): HostCommand {
      const [file = sh, ...args] = [
        enter(programs, asRoot),
        [sh, "-c", scripts.root, "sh"],
        prepareRoot(launch, path),
        becomeUser(programs, launch, asRoot),
        privileges(launch),
        startCommand(sh, scripts.start, launch),
      ].flat();
      return { file, args, env: { ...launch.env }, cwd: "/" };
    },
    ...(programs.nsenter !== undefined && { enter: enterWith(programs.nsenter) }),
  };
}
