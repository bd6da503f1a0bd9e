/**
 * How a container's process is kept apart from the host:
 * - `bubblewrap`: bwrap builds the private root;
 * - `user-namespace`: unshare in a user namespace, for an ordinary user;
 * - `root`: unshare as root, where runAsUser is the real uid;
 * - `none`: an ordinary process; mount paths in its environment are rewritten to host directories.
 */
export type SandboxMode = "bubblewrap" | "user-namespace" | "root" | "none";

/** A host file or directory shown at an absolute path inside the container. */
export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
  isFile: boolean;
}

/** Everything that a sandbox needs to start one container. */
export interface ContainerLaunch {
  /** An empty directory of this container's own, removed after its end. */
  directory: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  workingDir: string;
  hostname: string;
  mounts: readonly Mount[];
  uid: number;
  gid: number;
  supplementalGroups: readonly number[];
  readOnlyRootFilesystem: boolean;
  allowPrivilegeEscalation: boolean;
  /** Linux capabilities in lower case without `cap_`, as a runtime would leave them to uid 0. */
  capabilities: readonly string[];
}

/**
 * A command line for the host. The process reports on file descriptor 3: `started` when the container's
 * own command is about to run, or `failed MESSAGE` when it cannot; then it closes the descriptor.
 */
export interface HostCommand {
  file: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
}

export interface Sandbox {
  readonly mode: SandboxMode;
  /** One sentence for people: printed at start and kept in the node object. */
  readonly description: string;
  /** Whether a container's uid, gid and fsGroup are those of the host. */
  readonly changesUser: boolean;
  /** Whether mounts are seen at their targets; else environment and working directory are rewritten. */
  readonly hasMounts: boolean;
  /** Writes what the container's root needs under `launch.directory` and says what to run. */
  prepare(launch: ContainerLaunch): HostCommand;
  /**
   * What to run to start `launch.argv` in a container that runs: `outer` is the host's id of the process that made its
   * namespaces, `first` that of its first process. It reports as `prepare`'s. Absent if the container cannot be entered.
   */
  enter?(launch: ContainerLaunch, outer: number, first: number): HostCommand;
}
