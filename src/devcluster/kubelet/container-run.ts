import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { unlessRefused } from "../../client/errors.ts";
import { configMaps, secrets, type Container, type ContainerState, type Pod } from "../../kube/builtin.ts";
import { containerUser } from "../../kube/pods/container-user.ts";
import {
  ContainerConfigError,
  buildArguments,
  buildEnvironment,
  namedSources,
  type ValueSources,
} from "../../kube/pods/environment.ts";
import { parseQuantity, quantityValue } from "../../kube/quantity.ts";
import { createContainerLog, type ContainerLog } from "./container-log.ts";
import { startContainerProcess, type ContainerProcess, type Start } from "./container-process.ts";
import { logTail } from "./log-reader.ts";
import type { LocalNode } from "./node.ts";
import type { ContainerLaunch, HostCommand, Mount } from "./sandbox/sandbox.ts";
import { mountsOf, type ReadyVolume, type VolumeSources } from "./volumes.ts";

const TERMINATION_MESSAGE_BYTES = 4096;
const FALLBACK_LINES = 80;
const FALLBACK_BYTES = 2048;

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(date = new Date()): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

function decode(data: Record<string, string> | undefined): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")]),
  );
}

/** Secrets, ConfigMaps and claims of the pod's namespace. */
export function volumeSources(node: LocalNode, namespace: string): VolumeSources {
  return {
    async secret(name) {
      const secret = await unlessRefused(node.client.get(secrets, { namespace, name }), "NotFound");
      return secret && decode(secret.data);
    },
    async configMap(name) {
      const map = await unlessRefused(node.client.get(configMaps, { namespace, name }), "NotFound");
      if (map === undefined) return undefined;
      const texts = Object.entries(map.data ?? {}).map(([key, text]) => [key, Buffer.from(text)]);
      return { ...decode(map.binaryData), ...Object.fromEntries(texts) };
    },
    async claim(name) {
      return node.claimDirectory(namespace, name);
    },
  };
}

async function valueSources(node: LocalNode, namespace: string, container: Container): Promise<ValueSources> {
  const files = volumeSources(node, namespace);
  const names = namedSources(container);
  const texts = async (wanted: string[], read: VolumeSources["secret"]): Promise<ValueSources["secrets"]> => {
    const found = await Promise.all(wanted.map(async (name) => [name, await read(name)] as const));
    const asText = (data: Record<string, Buffer>) =>
      Object.fromEntries(Object.entries(data).map(([key, bytes]) => [key, bytes.toString()]));
    return new Map(found.map(([name, data]) => [name, data && asText(data)]));
  };
  return {
    secrets: await texts(names.secrets, (name) => files.secret(name)),
    configMaps: await texts(names.configMaps, (name) => files.configMap(name)),
    podIP: node.ip,
    hostIP: node.ip,
    nodeName: node.name,
    allocatable: node.allocatable,
  };
}

/** One attempt at running a container: its files, its process, its outcome. */
export interface ContainerRun {
  readonly containerID: string;
  readonly log: ContainerLog;
  readonly process: ContainerProcess;
  readonly started: Promise<Start>;
  /** The terminated state, when everything of the container is gone. */
  readonly ended: Promise<NonNullable<ContainerState["terminated"]>>;
}

interface Prepared {
  launch: Omit<ContainerLaunch, "directory">;
  terminationFile: string;
}

async function prepare(
  node: LocalNode,
  pod: Pod,
  container: Container,
  volumes: ReadonlyMap<string, ReadyVolume>,
  directory: string,
): Promise<Prepared> {
  const { namespace = "", name = "" } = pod.metadata;
  const user = containerUser(pod, container);
  if ((container.command ?? []).length === 0 && (container.args ?? []).length === 0) {
    throw new ContainerConfigError(
      "no command specified: this cluster does not pull images, so it knows no default command",
    );
  }
  const own = await mountsOf(container, volumes);
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const terminationFile = join(directory, "termination-log");
  writeFileSync(terminationFile, "");
  chmodSync(terminationFile, 0o666);
  const hostsFile = join(directory, "hosts");
  writeFileSync(hostsFile, node.host.hostsFile(name), { mode: 0o644 });
  const special: Mount[] = [
    {
      source: terminationFile,
      target: container.terminationMessagePath ?? "/dev/termination-log",
      readOnly: false,
      isFile: true,
    },
    { source: hostsFile, target: "/etc/hosts", readOnly: false, isFile: true },
  ];
  const tools = node.host.tools(own);
  const home = user.uid === 0 ? "/root" : "/";
  const base = { PATH: tools.path, HOSTNAME: name, HOME: home, ...node.serviceEnv, ...node.host.env };
  const env = buildEnvironment(pod, container, base, await valueSources(node, namespace, container));
  const readOnlyRootFilesystem = container.securityContext?.readOnlyRootFilesystem ?? false;
  const mountedHosts = own.some(({ target }) => target === "/etc/hosts");
  const mounts = [...node.host.mounts, ...tools.mounts, ...own, ...special.slice(0, mountedHosts ? 1 : 2)];
  const workingDir = container.workingDir || "/";
  const argv = buildArguments(container, env);
  const launch = {
    argv,
    env,
    workingDir,
    hostname: name,
    mounts,
    readOnlyRootFilesystem,
    ...user,
  };
  return { launch, terminationFile };
}

function readTerminationFile(file: string): string {
  try {
    const bytes = readFileSync(file);
    return bytes.subarray(Math.max(0, bytes.length - TERMINATION_MESSAGE_BYTES)).toString();
  } catch {
    return "";
  }
}

async function terminationMessage(
  container: Container,
  file: string,
  logPath: string,
  exitCode: number,
): Promise<string> {
  const message = readTerminationFile(file);
  if (message !== "" || exitCode === 0 || container.terminationMessagePolicy !== "FallbackToLogsOnError")
    return message;
  return logTail(logPath, FALLBACK_LINES, FALLBACK_BYTES).catch(() => "");
}

function memoryLimit(container: Container): number | undefined {
  const limit = container.resources?.limits?.["memory"];
  const amount = limit === undefined ? undefined : parseQuantity(String(limit)).value;
  return amount === undefined ? undefined : quantityValue(amount);
}

function startErrorMessage(message: string): string {
  return (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " +
    `unable to start container process: error during container init: ${message}`
  );
}

function commandIn(scratch: string, node: LocalNode, launch: Prepared["launch"]): HostCommand {
  try {
    return node.sandbox.prepare({ ...launch, directory: scratch });
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
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
  rmSync(directory, { recursive: true, force: true });
  const prepared = await prepare(node, pod, container, volumes, directory);
  const logs = join(podDirectory, "logs", container.name);
  mkdirSync(logs, { recursive: true });
  const scratch = mkdtempSync(join(node.scratchDirectory, "root-"));
  const command = commandIn(scratch, node, prepared.launch);
  const log = createContainerLog(join(logs, `${attempt}.log`));
  const process = startContainerProcess(node.sandbox, command, log, join(directory, "pid"));
  const containerID = `local://${randomBytes(32).toString("hex")}`;
  let startedAt: string | undefined;
  let outOfMemory = false;
  let stopWatching = (): void => undefined;
  const started = process.started.then((start) => {
    if (!start.started) return { started: false as const, message: startErrorMessage(start.message) };
    startedAt = timestamp();
    const limit = memoryLimit(container);
    if (limit !== undefined) {
      stopWatching = node.memory.watch(process.firstProcess, limit, () => {
        outOfMemory = true;
        process.kill();
      });
    }
    return start;
  });
  const end = async (): Promise<NonNullable<ContainerState["terminated"]>> => {
    const exitCode = await process.ended;
    const start = await started;
    stopWatching();
    const message = start.started
      ? await terminationMessage(container, prepared.terminationFile, log.path, exitCode)
      : start.message;
    // What is left behind may be large; nothing waits for its removal.
    for (const path of [directory, scratch])
      void rm(path, { recursive: true, force: true }).catch(() => undefined);
    const failed = outOfMemory ? "OOMKilled" : start.started ? "Error" : "StartError";
    return {
      exitCode: start.started ? exitCode : 128,
      reason: start.started && exitCode === 0 ? "Completed" : failed,
      ...(message !== "" && { message }),
      startedAt: startedAt ?? "1970-01-01T00:00:00Z",
      finishedAt: timestamp(),
      containerID,
    };
  };
  return { containerID, log, process, started, ended: end() };
}
