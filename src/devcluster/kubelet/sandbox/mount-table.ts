import type { Mount } from "./sandbox.ts";

/** A mount of the host, as far as binding it again must respect it. */
export interface HostMount {
  path: string;
  /** Mount flags that a user namespace may not drop when it remounts: `nosuid`, `nodev`, … */
  flags: string[];
}

const LOCKED_FLAGS = new Set(["nosuid", "nodev", "noexec", "noatime", "nodiratime"]);

/** Reads the text of /proc/self/mountinfo. */
export function parseMountInfo(text: string): HostMount[] {
  const mounts: HostMount[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    const [path, options] = [fields[4], fields[5]];
    if (path === undefined || options === undefined) continue;
    mounts.push({
      path: path.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
      flags: options.split(",").filter((flag) => LOCKED_FLAGS.has(flag)),
    });
  }
  return mounts;
}

/** One line of fstab(5). */
export function tableLine(source: string, target: string, type: string, options: readonly string[]): string {
  const escaped = [source, target].map((field) =>
    field.replaceAll(/[\\\s#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`),
  );
  return `${escaped.join(" ")} ${type} ${options.join(",")} 0 0\n`;
}

function within(path: string, directory: string): boolean {
  return path === directory || directory === "/" || path.startsWith(`${directory}/`);
}

/** The lines that bind `mounts` below `root`. */
export function bindLines(root: string, mounts: readonly Mount[], host: readonly HostMount[]): string {
  return mounts
    .map((mount) => {
      const under = host.filter((other) => within(mount.source, other.path));
      const nearest = under.reduce((best, other) => (other.path.length >= best.path.length ? other : best), {
        path: "",
        flags: [] as string[],
      });
      const options = [mount.isFile ? "bind" : "rbind", ...(mount.readOnly ? ["ro", ...nearest.flags] : [])];
      return tableLine(mount.source, `${root}${mount.target}`, "none", options);
    })
    .join("");
}

/**
 * The host's mounts beneath read-only directories, to be bound once more: a recursive bind is read-only
 * at its top alone.
 */
export function nestedMounts(base: readonly Mount[], host: readonly HostMount[]): Mount[] {
  return host
    .filter(({ path }) =>
      base.some((mount) => mount.readOnly && path !== mount.source && within(path, mount.source)),
    )
    .filter(({ path }) => !within(path, "/sys"))
    .map(({ path }) => ({ source: path, target: path, readOnly: true, isFile: false }));
}
