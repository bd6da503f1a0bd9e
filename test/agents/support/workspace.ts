import { chmod, cp, glob, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job } from "../../../src/kube/builtin.ts";
import { buildCleanupJob } from "../../../src/plan/specs/cleanup-job.ts";
import { buildWorkspaceJob } from "../../../src/plan/specs/workspace-job.ts";
import type { ResolvedRepository, ResolvedRun } from "../../../src/plan/resolved-run.ts";
import { run, runOk } from "../../support/run.ts";
import type { RunResult } from "../../support/run.ts";
import { createPod, giveToPod, makeVolumes, resolvedRun, runInTurn } from "./pod.ts";
import type { TestPod, TestPodOptions } from "./pod.ts";

/** The volume of a workspace as a directory here, and the containers that work on it. */
export interface TestWorkspace {
  /** Below it everything that pods of the workspace mount. */
  readonly place: string;
  /** Runs the containers of the init Job. */
  initialize(options?: TestPodOptions): Promise<RunResult>;
  /** The pod of a run. All of them see the same directories, as pods see the same claim. */
  podOf(name: string, worktree: ResolvedRun["worktree"], options?: TestPodOptions): Promise<TestPod>;
  /** Runs the container of the Job that removes a run's worktree. */
  cleanUp(name: string, options?: { force?: boolean } & TestPodOptions): Promise<RunResult>;
  /** The termination message of the container that ran last. */
  message(): Promise<string>;
  /** git as an agent runs it, in the worktree of a run or in the main checkout. */
  git(where: { run: string } | "main", ...args: string[]): Promise<string>;
  /** The same volume once more, as it is now. */
  copyTo(place: string): Promise<TestWorkspace>;
}

const NAME = "ws";

export async function createWorkspace(
  place: string,
  repository: ResolvedRepository,
  values: TestPodOptions["values"] = {},
): Promise<TestWorkspace> {
  const begin = async (job: Job, options: TestPodOptions): Promise<RunResult> => {
    const pod = job.spec.template.spec;
    await makeVolumes(place, pod, { values, ...options });
    return runInTurn(place, [...(pod.initContainers ?? []), ...pod.containers], { values, ...options });
  };
  await makeVolumes(place, initJob(repository).spec.template.spec, { values });
  return {
    place,
    initialize: (options = {}) => begin(initJob(repository), options),
    podOf: (name, worktree, options = {}) =>
      createPod(place, onWorkspace(name, worktree, repository), { values, ...options }),
    cleanUp: (name, { force = false, ...options } = {}) => begin(cleanupJob(name, force), options),
    message: () => readFile(join(place, "dev/termination-log"), "utf8"),
    git: async (where, ...args) => {
      const directory = where === "main" ? "workspace" : join("workspace-wt", where.run);
      const path = join(place, directory);
      return (await runOk("git", ["-c", "safe.directory=*", "-C", path, ...args])).trim();
    },
    copyTo: async (other) => {
      await cp(place, other, { recursive: true });
      for (const link of await worktreeLinks(other)) {
        await writeFile(link, (await readFile(link, "utf8")).replaceAll(`${place}/`, `${other}/`));
      }
      await giveToPod(other);
      return createWorkspace(other, repository, values);
    },
  };
}

/** The files by which worktrees and their repository name each other. */
async function worktreeLinks(place: string): Promise<string[]> {
  const links: string[] = [];
  for await (const path of glob(["workspace-wt/*/.git", "workspace/.git/worktrees/*/gitdir"], {
    cwd: place,
  })) {
    links.push(join(place, path));
  }
  return links;
}

function initJob(repository: ResolvedRepository): Job {
  return buildWorkspaceJob({
    namespace: "default",
    name: NAME,
    uid: "uid-ws",
    repository,
    storageSize: "1Gi",
    accessMode: "ReadWriteMany",
    sharedVolumes: [],
    env: [],
    gitImage: "git",
    gitResources: {},
    origin: "",
  });
}

function cleanupJob(name: string, force: boolean): Job {
  return buildCleanupJob({
    run: { name, uid: `uid-${name}` },
    workspace: { namespace: "default", name: NAME, uid: "uid-ws", accessMode: "ReadWriteMany" },
    force,
    gitImage: "git",
    gitResources: {},
  });
}

function onWorkspace(
  name: string,
  worktree: ResolvedRun["worktree"],
  repository: ResolvedRepository,
): ResolvedRun {
  return {
    ...resolvedRun({ name, uid: `uid-${name}`, worktree }),
    repository: undefined,
    workspace: {
      name: NAME,
      claimName: `${NAME}-ws`,
      repository,
      sharedVolumes: [],
      accessMode: "ReadWriteMany",
    },
  };
}

/** Shells that are killed, with all that they have started, before one of their commands. */
export interface Kills {
  /** Before its n-th command. */
  at(n: number): readonly string[];
  /** Runs `step` to its end; returns the number of a command for each state in which the volumes were between two. */
  statesOf(place: string, step: (shell: readonly string[]) => Promise<void>): Promise<number[]>;
}

export async function prepareKills(directory: string): Promise<Kills> {
  const killing = await shellWith(directory, "kill", '[ "$n" != "$KILL_AT" ] || kill -s KILL 0');
  const watching = await shellWith(
    directory,
    "watch",
    `find "$WATCHED"/workspace* -cnewer "$WATCHED/seen" -print -quit >"$WATCHED/news"
  [ ! -s "$WATCHED/news" ] || { : >"$WATCHED/seen"; printf '%s\\n' "$n" >>"$WATCHED/states"; }`,
  );
  return {
    at: (n) => [...killing(`KILL_AT=${n}`), "bash"],
    statesOf: async (place, step) => {
      const [states, ...others] = ["states", "seen", "news"].map((name) => join(place, name));
      for (const path of [states!, ...others]) {
        await writeFile(path, "");
        await chmod(path, 0o666);
      }
      await step([...watching(`WATCHED=${place}`), "bash"]);
      // A shell and what it has started count for themselves: the first that comes to a number is killed.
      return [...new Set((await readFile(states!, "utf8")).trimEnd().split("\n"))].map(Number);
    },
  };
}

/** The commands of the action itself are not counted. */
const RULES = `before() {
  [ -z "\${within:-}" ] || return 0
  n=$((\${n:-0} + 1))
  within=yes
  ACTION
  within=
}
set -T
trap before DEBUG
`;

/** `env` for a bash that runs `action` before each of its commands, with its number in `n`. */
async function shellWith(
  directory: string,
  name: string,
  action: string,
): Promise<(...env: string[]) => string[]> {
  const rules = join(directory, `${name}.bash`);
  await writeFile(
    rules,
    RULES.replace("ACTION", () => action),
  );
  await chmod(rules, 0o644);
  // On its first level bash takes a socket for a remote shell's, and reads other rules.
  return (...env) => ["env", "SHLVL=1", `BASH_ENV=${rules}`, ...env];
}

/** Whether a git repository on this path is sound. */
export async function isSound(path: string): Promise<boolean> {
  return (await run("git", ["-c", "safe.directory=*", "-C", path, "fsck", "--strict"])).code === 0;
}
