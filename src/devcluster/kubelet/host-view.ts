import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isHiddenFromContainers } from "./sandbox/root-layout.ts";
import type { Mount } from "./sandbox/sandbox.ts";

/** A folder of this machine that stands for files of an image, as no image is pulled. */
export interface ImageFiles {
  /** The image by its full name, or every image whose name matches. */
  image: string | RegExp;
  /** Absolute path of the files inside the containers of that image. */
  path: string;
  /** The folder on this machine; containers cannot write to it. */
  folder: string;
}

export interface HostViewOptions {
  /** The host's PATH. */
  path: string;
  toolDirectories: readonly string[];
  /** Git remote URL to local repository. */
  gitMirrors: Readonly<Record<string, string>>;
  imageFiles: readonly ImageFiles[];
  /** Host name to address. */
  hosts: Readonly<Record<string, string>>;
  /** Directories whose content containers must not see, such as the cluster's own state. */
  hidden: readonly string[];
  /** Where generated files are kept; exists. */
  directory: string;
  /** False if containers see the host as it is. */
  hasMounts: boolean;
}

/** What every container sees of the host beside its own volumes. */
export interface HostView {
  /** PATH and mounts for a container that has these mounts. */
  tools(own: readonly Mount[]): { path: string; mounts: Mount[] };
  /** Mounts of the files that this image holds, for a container that has these mounts. */
  imageFiles(image: string, own: readonly Mount[]): Mount[];
  /** Mounts that every container gets. */
  mounts: Mount[];
  /** Variables that every container gets. */
  env: Record<string, string>;
  /** The text of /etc/hosts for a pod of this name. */
  hostsFile(podName: string): string;
}

const PLACE = "/run/devcluster";

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function realDirectory(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** What must be shown for the programs of `directory` to work: they lead to files beside it. */
function toolMounts(directory: string, place: string): { path: string; mounts: Mount[] } {
  const parent = dirname(directory);
  const show = (source: string, target: string): Mount => ({ source, target, readOnly: true, isFile: false });
  if (basename(directory) === ".bin") {
    // Under its own name, node_modules, packages find each other.
    const target = `${place}/${basename(parent)}`;
    return { path: `${target}/.bin`, mounts: [show(parent, target)] };
  }
  const mounts = [show(directory, `${place}/bin`)];
  const lib = join(parent, "lib");
  if (basename(directory) === "bin" && existsSync(lib)) mounts.push(show(lib, `${place}/lib`));
  return { path: `${place}/bin`, mounts };
}

function gitConfig(mirrors: [url: string, path: string][]): string {
  const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  const lines = ["[include]", "\tpath = /etc/gitconfig", "[safe]"];
  // A mirror belongs to whoever started the cluster, not to the container's user.
  for (const [, path] of mirrors)
    lines.push(`\tdirectory = ${quote(path)}`, `\tdirectory = ${quote(`${path}/.git`)}`);
  for (const [url, path] of mirrors) lines.push(`[url ${quote(path)}]`, `\tinsteadOf = ${quote(url)}`);
  return `${lines.join("\n")}\n`;
}

function mirrorView(options: HostViewOptions): { mounts: Mount[]; env: Record<string, string> } {
  const mirrors = Object.entries(options.gitMirrors);
  if (mirrors.length === 0) return { mounts: [], env: {} };
  const mounts: Mount[] = [];
  const shown = mirrors.map(([url, path], index): [string, string] => {
    if (/^https?:/.test(path)) return [url, path];
    const source = realDirectory(path);
    if (source === undefined) throw new Error(`the git mirror of ${url} is not there: ${path}`);
    if (!options.hasMounts) return [url, source];
    const target = `${PLACE}/mirrors/${index}`;
    mounts.push({ source, target, readOnly: true, isFile: false });
    return [url, target];
  });
  const file = join(options.directory, "gitconfig");
  writeFileSync(file, gitConfig(shown), { mode: 0o644 });
  const target = options.hasMounts ? `${PLACE}/gitconfig` : file;
  if (options.hasMounts) mounts.push({ source: file, target, readOnly: true, isFile: true });
  return { mounts, env: { GIT_CONFIG_SYSTEM: target } };
}

/** As a runtime shows them: beneath the container's volumes. Throws if a volume needs a mount point inside the folder. */
function imageMounts(files: readonly ImageFiles[], image: string, own: readonly Mount[]): Mount[] {
  return files.flatMap(({ image: wanted, path, folder }) => {
    const isWanted = typeof wanted === "string" ? wanted === image : wanted.test(image);
    if (!isWanted || own.some(({ target }) => isWithin(path, target))) return [];
    const inside = own.find(({ target }) => isWithin(target, path));
    if (inside !== undefined)
      throw new Error(`mounting at ${inside.target}: ${path} of ${image} is read-only`);
    return [{ source: folder, target: path, readOnly: true, isFile: false }];
  });
}

function hiddenView(options: HostViewOptions): Mount[] {
  const empty = join(options.directory, "empty");
  mkdirSync(empty, { recursive: true });
  return options.hidden
    .map((path) => realDirectory(path) ?? "/")
    .filter((path) => path !== "/" && !isHiddenFromContainers(path))
    .map((target) => ({ source: empty, target, readOnly: true, isFile: false }));
}

/** The resolver's file if it is a link into a directory that containers have for themselves. */
function resolverView(): Mount[] {
  const file = realDirectory("/etc/resolv.conf");
  if (file === undefined || !isHiddenFromContainers(file)) return [];
  return [{ source: file, target: file, readOnly: true, isFile: true }];
}

function readHosts(): string {
  try {
    return readFileSync("/etc/hosts", "utf8");
  } catch {
    return "127.0.0.1\tlocalhost\n";
  }
}

/** Looks at the host once. Throws if a git mirror or the folder of an image does not exist. */
export function createHostView(options: HostViewOptions): HostView {
  const files = options.imageFiles.map((one) => {
    const folder = realDirectory(one.folder);
    if (folder === undefined) throw new Error(`the files of image ${one.image} are not there: ${one.folder}`);
    return { ...one, folder };
  });
  const mirrors = mirrorView(options);
  const hidden = options.hasMounts ? hiddenView(options) : [];
  const directories = [...options.toolDirectories, ...options.path.split(":")].flatMap((path) => {
    const real = path.startsWith("/") ? realDirectory(path) : undefined;
    return real === undefined ? [] : [{ path, real }];
  });
  const extra = Object.entries(options.hosts).map(([name, address]) => `${address}\t${name}\n`);
  const base = readHosts();
  return {
    tools(own) {
      const covered = [...hidden, ...own].map(({ target }) => target);
      const parts: string[] = [];
      const mounts: Mount[] = [];
      for (const [index, { path, real }] of directories.entries()) {
        const isCovered = isHiddenFromContainers(real) || covered.some((target) => isWithin(real, target));
        if (!options.hasMounts || !isCovered) {
          parts.push(options.hasMounts ? real : path);
          continue;
        }
        const shown = toolMounts(real, `${PLACE}/tools/${index}`);
        parts.push(shown.path);
        mounts.push(...shown.mounts);
      }
      return { path: [...new Set(parts)].join(":"), mounts };
    },
    imageFiles: (image, own) => imageMounts(files, image, own),
    mounts: options.hasMounts ? [...hidden, ...resolverView(), ...mirrors.mounts] : [],
    env: mirrors.env,
    hostsFile: (podName) => `${base.trimEnd()}\n127.0.0.1\t${podName}\n${extra.join("")}`,
  };
}
