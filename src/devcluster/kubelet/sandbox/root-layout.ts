import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Mount } from "./sandbox.ts";

/**
 * A container's root: a skeleton directory of mount points and the mounts that fill it. The host's files
 * are shown read-only; nothing is ever created on the host, because a host directory that lacks a mount
 * point is replaced by a directory of the skeleton with the same entries.
 */
export interface RootLayout {
  /** The skeleton; becomes `/`. */
  root: string;
  /** Host entries, in the order of mounting. */
  base: Mount[];
  /** The container's own mounts with canonical targets, outermost first. */
  mounts: Mount[];
}

/** Top-level directories that a container has for itself: nothing of the host's is seen in them. */
const PRIVATE_DIRECTORIES: ReadonlyMap<string, number> = new Map([
  ["/proc", 0o555],
  ["/dev", 0o755],
  ["/tmp", 0o1777],
  ["/run", 0o755],
  ["/home", 0o755],
  ["/root", 0o700],
]);

const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"];

/** Where the host's root is left before it is unmounted; removed by the set-up script. */
export const OLD_ROOT = ".old-root";

/** Whether containers do not see what the host has at this absolute path. */
export function isHiddenFromContainers(path: string): boolean {
  const top = `/${path.split("/")[1] ?? ""}`;
  return PRIVATE_DIRECTORIES.has(top);
}

function entryOf(path: string): "directory" | "file" | "symlink" | "other" | "missing" {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return "missing";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isDirectory()) return "directory";
  return stats.isFile() ? "file" : "other";
}

/** The path with the host's symbolic links followed, as far as containers see the host. */
export function canonicalTarget(path: string): string {
  let rest = path.split("/").filter((part) => part !== "" && part !== ".");
  let done = "";
  for (let links = 0; rest.length > 0;) {
    const [part, ...after] = rest;
    const next = `${done}/${part}`;
    if (part === "..") {
      done = dirname(done === "" ? "/" : done).replace(/\/$/, "");
      rest = after;
    } else if (!isHiddenFromContainers(next) && entryOf(next) === "symlink" && links < 40) {
      links += 1;
      const to = readlinkSync(next);
      if (to.startsWith("/")) done = "";
      rest = [...to.split("/").filter((part) => part !== "" && part !== "."), ...after];
    } else {
      done = next;
      rest = after;
    }
  }
  return done === "" ? "/" : done;
}

function makeDevices(root: string): Mount[] {
  for (const name of ["pts", "shm"]) mkdirSync(join(root, "dev", name));
  for (const [name, to] of [
    ["fd", "/proc/self/fd"],
    ["stdin", "/proc/self/fd/0"],
    ["stdout", "/proc/self/fd/1"],
    ["stderr", "/proc/self/fd/2"],
    ["ptmx", "pts/ptmx"],
  ] as const) {
    symlinkSync(to, join(root, "dev", name));
  }
  return DEVICES.filter((name) => entryOf(`/dev/${name}`) !== "missing").map((name) => {
    writeFileSync(join(root, "dev", name), "");
    return { source: `/dev/${name}`, target: `/dev/${name}`, readOnly: false, isFile: true };
  });
}

/** Makes the skeleton under `directory`. Throws if a mount path leads through a file. */
export function layOutRoot(directory: string, wanted: readonly Mount[]): RootLayout {
  const root = join(directory, "root");
  const shown = new Map<string, Mount>();
  const placed: Mount[] = [];

  const showEntriesOf = (path: string): void => {
    for (const name of readdirSync(path)) {
      const target = join(path, name);
      if (PRIVATE_DIRECTORIES.has(target) || target === "/lost+found") continue;
      const entry = entryOf(target);
      if (entry === "symlink") symlinkSync(readlinkSync(target), join(root, target));
      if (entry !== "directory" && entry !== "file") continue;
      if (entry === "directory") mkdirSync(join(root, target));
      else writeFileSync(join(root, target), "");
      shown.set(target, { source: target, target, readOnly: true, isFile: entry === "file" });
    }
  };

  const makeMountPoint = (mount: Mount): void => {
    const outer = placed.findLast((other) => !other.isFile && isInside(mount.target, other.target));
    if (outer !== undefined) {
      makeEmpty(join(outer.source, mount.target.slice(outer.target.length)), mount.isFile);
      return;
    }
    const parts = mount.target.split("/").filter((part) => part !== "");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const ancestor = `/${parts.slice(0, depth).join("/")}`;
      if (shown.has(ancestor)) {
        if (entryOf(mount.target) === (mount.isFile ? "file" : "directory")) return;
        shown.delete(ancestor);
        showEntriesOf(ancestor);
      } else if (entryOf(join(root, ancestor)) === "missing") {
        mkdirSync(join(root, ancestor));
      }
    }
    if (!shown.has(mount.target)) makeEmpty(join(root, mount.target), mount.isFile);
  };

  mkdirSync(root);
  chmodSync(root, 0o755);
  for (const [path, mode] of PRIVATE_DIRECTORIES) {
    mkdirSync(join(root, path));
    chmodSync(join(root, path), mode);
  }
  mkdirSync(join(root, OLD_ROOT));
  showEntriesOf("/");
  const devices = makeDevices(root);
  const ordered = wanted
    .map((mount) => ({ ...mount, target: canonicalTarget(mount.target) }))
    .sort((a, b) => a.target.split("/").length - b.target.split("/").length);
  for (const mount of ordered) {
    makeMountPoint(mount);
    placed.push(mount);
  }
  return { root, base: [...shown.values(), ...devices], mounts: placed };
}

function isInside(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

function makeEmpty(path: string, isFile: boolean): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) {
    if (stats.isDirectory() === isFile) {
      throw new Error(
        `${path} is ${isFile ? "a directory" : "not a directory"}, so nothing can be mounted there`,
      );
    }
    return;
  }
  mkdirSync(isFile ? dirname(path) : path, { recursive: true });
  if (isFile) writeFileSync(path, "");
}
