import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Container, ContainerState, Pod } from "../../kube/builtin.ts";
import { containerUser } from "./pods/container-user.ts";
import {
  ContainerConfigError,
  buildArguments,
  buildEnvironment,
  memoryLimit,
  namedSources,
} from "./pods/environment.ts";
import { runsCommandsBeside } from "./pods/probes.ts";
import { FALLBACK, fallsBackToLog, MESSAGE_BYTES, terminatedState } from "./pods/termination.ts";
import { timestamp } from "../../kube/time.ts";
import type { ExecSession } from "../apiserver/pod-session.ts";
import type { Exec } from "./container-exec.ts";
import { createContainerLog, type ContainerLog } from "./container-log.ts";
import { startContainerProcess, type ContainerProcess, type StartResult } from "./container-process.ts";
import { startSession } from "./container-session.ts";
import { logTail } from "./log-reader.ts";
import { watchMemory } from "./memory.ts";
import type { LocalNode } from "./node.ts";
import { readSources } from "./pod-sources.ts";
import type { ContainerLaunch, HostCommand, Mount } from "./sandbox/sandbox.ts";
import { mountsOf, type ReadyVolume } from "./volumes.ts";

/** The shortest time between asking a container to stop and forcing it, once its preStop hook is through. */
const SHORTEST_GRACE_MS = 2000;

/** One attempt at running a container: its files, its process, its outcome. */
export interface ContainerRun {
  readonly containerID: string;
  readonly log: ContainerLog;
  readonly started: Promise<StartResult>;
  /** The terminated state, when everything of the container is gone. */
  readonly ended: Promise<NonNullable<ContainerState["terminated"]>>;
  readonly exec: Exec;
  /** How to start a further command in the container; undefined if its sandbox cannot be entered, or it is ending. */
  open(command: readonly string[]): { start(): ExecSession } | undefined;
  /**
   * Lets `beforehand`, such as a hook, run, asks the container to stop, and forces it when the grace period
   * is over. Calling again can only shorten what is left of that.
   */
  stop(graceSeconds: number, beforehand?: (timeoutMs: number) => Promise<void>): void;
}

/** Everything that the container's process needs, and the files that are made for it alone. */
async function prepare(
  node: LocalNode,
  pod: Pod,
  container: Container,
  volumes: ReadonlyMap<string, ReadyVolume>,
  files: { termination: string; hosts: string },
): Promise<Omit<ContainerLaunch, "directory">> {
  const { namespace = "", name = "" } = pod.metadata;
  const user = containerUser(pod, container);
  if ((container.command ?? []).length === 0 && (container.args ?? []).length === 0) {
    throw new ContainerConfigError(
      "no command specified: this cluster does not pull images, so it knows no default command",
    );
  }
  const own = await mountsOf(container, volumes);
  writeFileSync(files.termination, "");
  chmodSync(files.termination, 0o666);
  writeFileSync(files.hosts, node.host.hostsFile(name), { mode: 0o644 });
  const fileAt = (source: string, target: string): Mount => ({
    source,
    target,
    readOnly: false,
    isFile: true,
  });
  const special = [
    fileAt(files.termination, container.terminationMessagePath ?? "/dev/termination-log"),
    fileAt(files.hosts, "/etc/hosts"),
  ].filter(({ target }) => !own.some((mount) => mount.target === target));
  const tools = node.host.tools(own);
  const image = node.host.imageFiles(container.image ?? "", own);
  const home = user.uid === 0 ? "/root" : "/";
  const base = { PATH: tools.path, HOSTNAME: name, HOME: home, ...node.serviceEnv, ...node.host.env };
  const sources = await readSources(node, namespace, namedSources(container));
  const env = buildEnvironment(pod, container, base, sources);
  return {
    argv: buildArguments(container, env),
    env,
    workingDir: container.workingDir || "/",
    hostname: name,
    mounts: [...node.host.mounts, ...tools.mounts, ...image, ...own, ...special],
    readOnlyRootFilesystem: container.securityContext?.readOnlyRootFilesystem ?? false,
    ...user,
  };
}

function readEnd(file: string, bytes: number): string {
  try {
    return readFileSync(file).subarray(-bytes).toString();
  } catch {
    return "";
  }
}

async function messageOf(container: Container, file: string, log: string, exitCode: number): Promise<string> {
  const message = readEnd(file, MESSAGE_BYTES);
  if (!fallsBackToLog(container, message, exitCode)) return message;
  return logTail(log, FALLBACK.lines, FALLBACK.bytes).catch(() => "");
}

/** How a process is stopped, however often that is asked for. */
function createStop(process: ContainerProcess): ContainerRun["stop"] {
  let timer: NodeJS.Timeout | undefined;
  let endAt: number | undefined;
  const forceAfter = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => process.kill(), ms);
  };
  void process.ended.then(() => clearTimeout(timer));
  return (graceSeconds, beforehand) => {
    const graceMs = graceSeconds * 1000;
    const isFirst = endAt === undefined;
    endAt = Math.min(endAt ?? Number.POSITIVE_INFINITY, performance.now() + graceMs);
    if (graceMs <= 0) {
      process.kill();
    } else if (beforehand === undefined || !isFirst) {
      forceAfter(endAt - performance.now());
      if (isFirst) process.terminate();
    } else {
      forceAfter(graceMs + SHORTEST_GRACE_MS);
      void beforehand(graceMs).finally(() => {
        process.terminate();
        forceAfter(Math.max(SHORTEST_GRACE_MS, (endAt ?? 0) - performance.now()));
      });
    }
  };
}

/**
 * Starts a container for the `attempt`th time (0 is the first). Rejects with ContainerConfigError or
 * VolumeError when the pod's description cannot be met now.
 */
export async function runContainer(
  node: LocalNode,
  pod: Pod,
  container: Container,
  volumes: ReadonlyMap<string, ReadyVolume>,
  attempt: number,
): Promise<ContainerRun> {
  const podDirectory = join(node.podsDirectory, pod.metadata.uid ?? "");
  const directory = join(podDirectory, "containers", `${container.name}-${attempt}`);
  const logs = join(podDirectory, "logs", container.name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  mkdirSync(logs, { recursive: true });
  const files = { termination: join(directory, "termination-log"), hosts: join(directory, "hosts") };
  const launch = await prepare(node, pod, container, volumes, files);
  const scratch = mkdtempSync(join(node.scratchDirectory, "root-"));
  const removeFiles = (): Promise<unknown> =>
    Promise.all([directory, scratch].map((path) => rm(path, { recursive: true, force: true }))).catch(
      () => undefined,
    );
  const prepareRoot = (): HostCommand => {
    try {
      return node.sandbox.prepare({ ...launch, directory: scratch });
    } catch (error) {
      void removeFiles();
      throw error;
    }
  };
  const command = prepareRoot();
  const log = createContainerLog(join(logs, `${attempt}.log`));
  const hasExec = runsCommandsBeside(container);
  const process = startContainerProcess(node.sandbox, command, log, join(directory, "pid"), hasExec);
  const containerID = `local://${randomBytes(32).toString("hex")}`;
  const facts = { containerID, outOfMemory: false, startedAt: undefined as string | undefined };
  const limit = memoryLimit(container);
  const started = process.started.then((outcome) => {
    if (outcome.started) facts.startedAt = timestamp(new Date());
    return outcome;
  });
  const end = async (): Promise<NonNullable<ContainerState["terminated"]>> => {
    const outcome = await started;
    const stopWatching =
      outcome.started && limit !== undefined
        ? watchMemory(process.firstProcess, limit, (pid) => {
            facts.outOfMemory = true;
            process.kill(pid);
          })
        : undefined;
    const exitCode = await process.ended;
    stopWatching?.();
    const message = await messageOf(container, files.termination, log.path, exitCode);
    // What is left behind may be large; nothing waits for its removal.
    void removeFiles();
    const startError = outcome.started ? undefined : outcome.message;
    return terminatedState({ ...facts, exitCode, startError, message, finishedAt: timestamp(new Date()) });
  };
  const open: ContainerRun["open"] = (argv) => {
    const first = process.firstProcess();
    const entry =
      first && node.sandbox.enter?.({ ...launch, argv, directory: scratch }, process.pid ?? first, first);
    return entry ? { start: () => startSession(entry, process.ended) } : undefined;
  };
  const stop = createStop(process);
  return { containerID, log, started, ended: end(), exec: process.exec, open, stop };
}
