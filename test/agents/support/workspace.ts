import { chmod, cp, readFile, writeFile } from "node:fs/promises";
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
      // Worktrees name their repository by its path; a copy of one without any is all that is needed.
      await cp(place, other, { recursive: true });
      await giveToPod(other);
      return createWorkspace(other, repository, values);
    },
  };
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

/** Gives shells that are killed, with all that they have started, before their n-th command. */
export async function prepareKills(directory: string): Promise<(n: number) => readonly string[]> {
  const rules = join(directory, "kill-at.bash");
  await writeFile(
    rules,
    `set -T\ntrap 'n=$((\${n:-0} + 1)); [ "$n" != "$KILL_AT" ] || kill -s KILL 0' DEBUG\n`,
  );
  await chmod(rules, 0o644);
  // On its first level bash takes a socket for a remote shell's, and reads other rules.
  return (n) => ["env", "SHLVL=1", `BASH_ENV=${rules}`, `KILL_AT=${n}`, "bash"];
}

/** Whether a git repository on this path is sound. */
export async function isSound(path: string): Promise<boolean> {
  return (await run("git", ["-c", "safe.directory=*", "-C", path, "fsck", "--strict"])).code === 0;
}
