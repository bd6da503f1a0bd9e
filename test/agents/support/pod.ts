import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isReservedEnvName } from "../../../src/api/reserved-env.ts";
import type { Container, EnvVar, PodSpec, Volume } from "../../../src/kube/builtin.ts";
import { buildRunJob } from "../../../src/plan/specs/run-job.ts";
import * as paths from "../../../src/plan/specs/paths.ts";
import type { ResolvedRun } from "../../../src/plan/resolved-run.ts";
import { runOk, start } from "../../support/run.ts";
import type { RunningProgram, RunResult } from "../../support/run.ts";
import { SCRIPTS_DIR, SCRIPTS_TARGET_DIR } from "../../../src/plan/specs/scripts.ts";
import { projectRoot } from "../../support/project-files.ts";
import { provideTools } from "./tools.ts";

const TERMINATION_LOG = "dev/termination-log";
const USER_ID = 1000;
/** Where the files of the git image are, below a test's directory. */
const GIT_IMAGE = "git-image";
const isRoot = process.getuid?.() === 0;
const AS_USER = isRoot
  ? ["setpriv", `--reuid=${USER_ID}`, `--regid=${USER_ID}`, "--clear-groups", "--no-new-privs"]
  : ["env"];

/** The containers of a run's Job, run as ordinary processes whose mount paths are directories here. */
export interface TestPod {
  /** A mount path of the Job as the directory that stands for it. */
  at(path: string): string;
  read(path: string): Promise<string>;
  /** The termination message of the container that ran last. */
  message(): Promise<string>;
  /** Runs the init containers one after the other; resolves to the end of the last that ran, with what all have said. */
  clone(): Promise<RunResult>;
  /** Starts the first init container. */
  startClone(): RunningProgram;
  runAgent(): Promise<RunResult>;
  startAgent(): RunningProgram;
}

export interface TestPodOptions {
  /** Values of Secrets and ConfigMaps, by `name/key`. */
  values?: Readonly<Record<string, string>>;
  /** Variables that win over those of the containers. */
  env?: Readonly<Record<string, string>>;
  /** Replaces PATH of the containers. */
  path?: string;
  /** The shell that stands for /bin/sh. Default: dash. */
  shell?: readonly string[];
  timeoutMs?: number;
}

/** A run with everything that a test does not care about. */
export function resolvedRun(changes: Partial<ResolvedRun> = {}): ResolvedRun {
  return {
    namespace: "default",
    name: "fix-bug",
    uid: "6f1c6a0e-0000-4000-8000-000000000001",
    agent: "claude",
    prompt: "Write HELLO.md and commit it",
    mcpServers: [],
    args: [],
    env: [],
    image: "agent",
    gitImage: "git",
    gitResources: {},
    timeoutSeconds: 60,
    trustRepositoryConfig: false,
    gitIdentity: { name: "Agent", email: "agent@example.com" },
    storage: { size: "1Gi" },
    ...changes,
  };
}

/** A repository in the form that the git containers want it. */
export function repository(
  url: string,
  changes: Partial<NonNullable<ResolvedRun["repository"]>> = {},
): NonNullable<ResolvedRun["repository"]> {
  return { url, submodules: false, exposeCredentialsToAgent: false, ...changes };
}

export async function createPod(
  directory: string,
  run: ResolvedRun,
  options: TestPodOptions = {},
): Promise<TestPod> {
  const job = buildRunJob(run);
  const pod = job.spec.template.spec;
  const git = pod.initContainers ?? [];
  const [first] = git;
  const [agent] = pod.containers;
  assert(first && agent);
  await makeVolumes(directory, pod, options);

  const begin = (container: Container): RunningProgram => startContainer(directory, container, options);
  return {
    at: (path) => join(directory, path),
    read: (path) => readFile(join(directory, path), "utf8"),
    message: () => readFile(join(directory, "/dev/termination-log"), "utf8"),
    startClone: () => begin(first),
    clone: () => runInTurn(directory, git, options),
    startAgent: () => begin(agent),
    runAgent: () => begin(agent).ended,
  };
}

/** Runs containers as a kubelet does those that come one after the other: the first that fails is the last. */
export async function runInTurn(
  directory: string,
  containers: readonly Container[],
  options: TestPodOptions = {},
): Promise<RunResult> {
  let all: RunResult = { code: 0, signal: null, stdout: "", stderr: "" };
  for (const container of containers) {
    await writeOwn(join(directory, TERMINATION_LOG), "");
    const one = await startContainer(directory, container, options).ended;
    all = { ...one, stdout: all.stdout + one.stdout, stderr: all.stderr + one.stderr };
    if (one.code !== 0) break;
  }
  return all;
}

/** Makes what the containers of a pod mount, as directories below `directory`. */
export async function makeVolumes(
  directory: string,
  { initContainers = [], containers, volumes = [] }: PodSpec,
  options: TestPodOptions = {},
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const scripts = join(directory, GIT_IMAGE, SCRIPTS_DIR);
  await cp(join(projectRoot, "images/agent/scripts"), scripts, { recursive: true, force: false });
  for (const { name, mountPath } of [...initContainers, ...containers].flatMap((c) => c.volumeMounts ?? [])) {
    const path = join(directory, name === "scripts" ? SCRIPTS_DIR : mountPath);
    await makeOwn(path);
    await fillVolume(
      path,
      volumes.find((volume) => volume.name === name),
      options,
    );
  }
  await writeOwn(join(directory, "/dev/termination-log"), "");
}

/** Starts a container whose volumes are directories below `directory`. */
export function startContainer(
  directory: string,
  container: Container,
  options: TestPodOptions = {},
): RunningProgram {
  const env = expandEnv(container.env ?? [], directory, options);
  const command = [...(container.command ?? []), ...(container.args ?? [])].map((text) => expand(text, env));
  const workingDirectory = container.workingDir && join(directory, container.workingDir);
  const script = command.findIndex((word) => word.startsWith(`${SCRIPTS_DIR}/`));
  const args = command.slice(script).map((word, index) => {
    if (index > 0) return settingHere(word, directory, options);
    const ownsCopies = container.volumeMounts?.some(({ mountPath }) => mountPath === SCRIPTS_DIR);
    return join(directory, ownsCopies ? "" : GIT_IMAGE, word);
  });
  const { enter, path } =
    options.path === undefined ? provideTools(directory, isRoot) : { enter: [], path: options.path };
  const view = isRoot ? viewOf(directory, container) : [];
  const [program = "", ...begin] = [...view, ...enter, ...AS_USER, ...(options.shell ?? ["dash"])];
  return start(program, [...begin, ...args], {
    cwd: workingDirectory ?? directory,
    env: { PATH: path, ...env, ...options.env },
    timeoutMs: options.timeoutMs ?? 30_000,
  });
}

/** Every place that some container of the operator mounts and others do not. */
const PLACES: readonly string[] = [
  paths.WORKSPACE_DIR,
  paths.WORKTREES_DIR,
  paths.RUN_DIR,
  paths.STORE_DIR,
  paths.LOCKS_DIR,
  paths.RECORD_DIR,
  paths.GIT_CREDENTIALS_DIR,
  paths.GIT_KNOWN_HOSTS_DIR,
  paths.GIT_CA_DIR,
  paths.PROMPT_DIR,
  paths.HANDOVER_DIR,
  paths.CHECKOUT_DIR,
  paths.STORES_DIR,
];

/** What starts the container with the places that it mounts, read-only ones as such, and with none of the others. */
function viewOf(directory: string, { volumeMounts = [] }: Container): string[] {
  const mounted = new Map(volumeMounts.map(({ mountPath, readOnly }) => [mountPath, readOnly === true]));
  const there = PLACES.filter((place) => existsSync(join(directory, place)));
  const hidden = there.filter((place) => !mounted.has(place));
  const readOnly = there.filter((place) => mounted.get(place));
  const script = [
    'while [ "$1" != -- ]; do mount -t tmpfs none "$1"; shift; done; shift',
    'while [ "$1" != -- ]; do mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; done; shift',
    'exec "$@"',
  ].join("; ");
  const here = (place: string): string => join(directory, place);
  return [
    "unshare",
    "--mount",
    "sh",
    "-c",
    script,
    "sh",
    ...hidden.map(here),
    "--",
    ...readOnly.map(here),
    "--",
  ];
}

async function fillVolume(path: string, volume: Volume | undefined, options: TestPodOptions): Promise<void> {
  const { values = {} } = options;
  // The last source has all keys of a ConfigMap, which a kubelet shows as links.
  const whole = volume?.projected?.sources?.at(-1)?.configMap?.name;
  for (const [name, value] of Object.entries(whole === undefined ? {} : values)) {
    if (!name.startsWith(`${whole}/`)) continue;
    const file = name.slice(name.indexOf("/") + 1);
    await writeOwn(join(path, "..data", file), value);
    await symlink(`..data/${file}`, join(path, file));
  }
  const source: Source | undefined = volume?.secret ?? volume?.configMap;
  for (const { key, path: file } of source?.items ?? []) {
    const value = values[`${source?.secretName ?? source?.name}/${key}`];
    if (value !== undefined) await writeOwn(join(path, file), value);
    else assert(source?.optional, `no value for ${key}`);
  }
}

interface Source {
  secretName?: string;
  name?: string;
  items?: { key: string; path: string }[];
  optional?: boolean;
}

export async function makeOwn(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  if (isRoot) await chown(path, USER_ID, USER_ID);
}

/** Gives a directory with all in it to the user of the containers. */
export async function giveToPod(path: string): Promise<void> {
  if (isRoot) await runOk("chown", ["-R", `${USER_ID}:${USER_ID}`, path]);
}

async function writeOwn(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o644);
  if (isRoot) await chown(path, USER_ID, USER_ID);
}

/** The values as a kubelet gives them, with the mount paths moved to the test's directory. */
function expandEnv(
  env: readonly EnvVar[],
  directory: string,
  { values = {} }: TestPodOptions,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { name, value, valueFrom } of env) {
    const ref = valueFrom?.secretKeyRef ?? valueFrom?.configMapKeyRef;
    const given = ref ? (values[`${ref.name}/${ref.key}`] ?? "") : expand(value ?? "", result);
    const [, option = "", place] =
      /^(--require=)?(\/(?:workspace|tmp|home|root|dev|etc).*)$/s.exec(given) ?? [];
    const isPlace = place !== undefined && !["AGENT_PROMPT", "AGENT_REPOSITORY_URL"].includes(name);
    if (given === SCRIPTS_TARGET_DIR) {
      result[name] = join(directory, SCRIPTS_DIR);
      continue;
    }
    result[name] = isPlace ? option + join(directory, place) : given;
  }
  return result;
}

/** A word of a command line; a setting of the operator's with the test's places, or its own value. */
function settingHere(word: string, directory: string, options: TestPodOptions): string {
  const [, name = "", value = ""] = /^([A-Z_]+)=(.*)$/s.exec(word) ?? [];
  if (name === "" || !isReservedEnvName(name)) return word;
  return `${name}=${options.env?.[name] ?? expandEnv([{ name, value }], directory, {})[name]}`;
}

/** `$(NAME)` and `$$` as Kubernetes documents them. Source: third_party/forked/golang/expansion. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) =>
    match === "$$" ? "$" : (env[name ?? ""] ?? match),
  );
}
