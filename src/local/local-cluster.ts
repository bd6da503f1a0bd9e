import { createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../client/client.ts";
import type { Client } from "../client/client.ts";
import { loadKubeconfig } from "../client/kubeconfig.ts";
import { watchResource } from "../client/watch.ts";
import { createHttpsTransport } from "../client/transport-https.ts";
import type { DevCluster, DevClusterOptions } from "../devcluster/cluster.ts";
import { startDevCluster } from "../devcluster/cluster.ts";
import type { ImageFiles } from "../devcluster/kubelet/host-view.ts";
import type { SandboxMode } from "../devcluster/kubelet/sandbox/sandbox.ts";
import { namespaces } from "../kube/builtin.ts";
import { isDeleting } from "../kube/objects.ts";
import type { Transport } from "../client/transport.ts";
import { startOperator } from "../operator/operator.ts";
import { SCRIPTS_DIR } from "../plan/specs/scripts.ts";
import { createLog, type Log } from "../runtime/log.ts";
import { builtDefinitions } from "./definitions.generated.ts";
import { installDefinitions } from "./install.ts";
import {
  eventsAuthority,
  installEventsAccount,
  installOperatorAccount,
  operatorAuthority,
  OPERATOR_NAMESPACE,
} from "./service-account.ts";

/** The git image in any version, of any registry: the scripts are this package's. */
const GIT_IMAGE = /(^|\/)agent-operator-git([:@]|$)/;

/** The operator's own image, of which the containers are that talk to a forge. */
const OPERATOR_IMAGE = /(^|\/)agent-operator([:@]|$)/;

/** Generous: a start takes some hundred milliseconds. */
const START_LIMIT_MS = 15_000;

export interface LocalClusterOptions {
  dataDir: string;
  /** Root of this package: the CRDs and roles come from its config/, the agents from its node_modules/. */
  packageRoot: string;
  /** Search path of what containers run. */
  path: string;
  port?: number;
  /** Directories with programs that containers find first. Default: those of this package's agents. */
  toolDirectories?: readonly string[];
  gitMirrors?: Readonly<Record<string, string>>;
  hosts?: Readonly<Record<string, string>>;
  /** Forces one way of isolating containers; default: the best that this machine offers. */
  sandbox?: SandboxMode;
  /** How the operator runs; undefined: without it. */
  operator?: { logFile: string };
}

/** A cluster on this machine with this operator's CRDs, and the operator under its own ServiceAccount. */
export interface LocalCluster extends AsyncDisposable {
  readonly kubeconfigPath: string;
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** How containers are isolated, for people. */
  readonly sandboxDescription: string;
  readonly dataDir: string;
  /** As an administrator. */
  readonly client: Client;
  /** Starts the events component, at any free port if it is 0. Resolves to where it takes deliveries: `http://127.0.0.1:PORT/hooks`. */
  takeDeliveries(port: number): Promise<string>;
  /** Where the operator's metrics are; undefined: it is not started. */
  readonly metricsUrl: string | undefined;
  /** Resolves if the operator's namespace is deleted: the operator in this process can then do nothing any more. */
  readonly operatorRemoved: Promise<void>;
}

/** Starts the embedded cluster, installs the CRDs and starts the operator. On failure nothing is left running. */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  await using stack = new AsyncDisposableStack();
  const cluster = await startDevCluster(devClusterOptions(options));
  stack.defer(() => cluster.stop());
  const client = createClient(cluster.transport);
  const configDirectory = join(options.packageRoot, "config");
  await installDefinitions(client);
  await installOperatorAccount(client, configDirectory);
  const log = options.operator ? openLog(options.operator.logFile, stack) : NO_LOG;
  const metricsUrl =
    options.operator && (await startLocalOperator(cluster, stack, log, options.operator.logFile));
  const watching = new AbortController();
  stack.defer(() => watching.abort());
  const operatorRemoved = untilDeleted(client, OPERATOR_NAMESPACE, watching.signal);
  const everything = stack.move();
  return {
    kubeconfigPath: cluster.kubeconfigPath,
    url: cluster.url,
    sandboxDescription: cluster.sandbox.description,
    dataDir: cluster.dataDir,
    client,
    takeDeliveries: async (port) => {
      await installEventsAccount(client, configDirectory);
      return startLocalEvents(cluster, everything, log, port);
    },
    metricsUrl,
    operatorRemoved,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** Never resolves if the watch is aborted first. */
async function untilDeleted(client: Client, name: string, signal: AbortSignal): Promise<void> {
  const selected = { fieldSelector: `metadata.name=${name}`, metadataOnly: true, signal };
  for await (const event of watchResource(client, namespaces, selected)) {
    if (event.kind === "delete" || (event.kind === "upsert" && isDeleting(event.object))) return;
  }
  await new Promise(() => undefined);
}

/** What the git image holds, from the checkout that its Dockerfile takes it from. */
export function gitImageFiles(packageRoot: string): ImageFiles {
  return { image: GIT_IMAGE, path: SCRIPTS_DIR, folder: join(packageRoot, "images", "agent", "scripts") };
}

/** What the operator's image holds of it: the program as it is shipped, else the sources of the checkout. */
export function operatorImageFiles(packageRoot: string): ImageFiles[] {
  const files = (path: string, ...folder: string[]): ImageFiles => ({
    image: OPERATOR_IMAGE,
    path,
    folder: join(packageRoot, ...folder),
  });
  if (existsSync(join(packageRoot, "forge.mjs"))) return [files("/app")];
  return [
    files("/app", "images", "operator"),
    files("/app-sources/src", "src"),
    files("/app-sources/node_modules", "node_modules"),
  ];
}

/** Directories with the agents' programs, if they are installed beside this package. */
export function agentPrograms(packageRoot: string): string[] {
  return [join(packageRoot, "node_modules", ".bin")];
}

function devClusterOptions(options: LocalClusterOptions): DevClusterOptions {
  const { dataDir, path, port, gitMirrors, hosts, sandbox } = options;
  return {
    dataDir,
    path,
    // They are judged when they are built, by the test beside their generated file.
    knownDefinitions: builtDefinitions(),
    imageFiles: [gitImageFiles(options.packageRoot), ...operatorImageFiles(options.packageRoot)],
    toolDirectories: options.toolDirectories ?? agentPrograms(options.packageRoot),
    ...(port === undefined ? {} : { port }),
    ...(gitMirrors === undefined ? {} : { gitMirrors }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(sandbox === undefined ? {} : { sandbox }),
  };
}

function openLog(file: string, stack: AsyncDisposableStack): Log {
  const lines = createWriteStream(file, { flags: "a" });
  stack.defer(async () => {
    lines.end();
    await finished(lines);
  });
  return createLog({ level: "info", write: (line) => void lines.write(line) });
}

const NO_LOG = createLog({ level: "silent", write: () => undefined });

/** A connection with the rights of one ServiceAccount only. */
async function connection(
  cluster: DevCluster,
  stack: AsyncDisposableStack,
  authority: typeof operatorAuthority,
): Promise<Transport> {
  const { options } = await loadKubeconfig({ paths: [cluster.kubeconfigPath] });
  const transport = createHttpsTransport({
    server: options.server,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    authority: await authority(cluster.transport, () => performance.now()),
  });
  stack.defer(() => transport.close());
  return transport;
}

/** Resolves to where its metrics are. */
async function startLocalOperator(
  cluster: DevCluster,
  stack: AsyncDisposableStack,
  log: Log,
  logFile: string,
): Promise<string> {
  const operator = await startOperator({
    transport: await connection(cluster, stack, operatorAuthority),
    leaseNamespace: OPERATOR_NAMESPACE,
    log,
    // One operator on one machine: nobody probes it, and a fixed port could be taken.
    healthProbeBindAddress: "0",
    metricsBindAddress: "127.0.0.1:0",
  });
  stack.defer(() => operator.stop());
  const late = sleep(START_LIMIT_MS, undefined, { ref: false }).then(() => {
    throw new Error(`the operator did not start within ${START_LIMIT_MS} ms; its log is ${logFile}`);
  });
  await Promise.race([operator.working, late]);
  return `http://127.0.0.1:${operator.metricsPort}/metrics`;
}

/** Resolves to where deliveries are taken. */
async function startLocalEvents(
  cluster: DevCluster,
  stack: AsyncDisposableStack,
  log: Log,
  port: number,
): Promise<string> {
  // Only now: a cluster is ready sooner without it.
  const { startEvents } = await import("../events/events.ts");
  const events = await startEvents({
    transport: await connection(cluster, stack, eventsAuthority),
    leaseNamespace: OPERATOR_NAMESPACE,
    namespaces: [],
    hooksBindAddress: `127.0.0.1:${port}`,
    healthProbeBindAddress: "0",
    metricsBindAddress: "0",
    // A forge on the same machine is what one tries it with.
    allowLocalUrls: true,
    apiServerAddresses: [],
    log,
  });
  stack.defer(() => events.stop());
  // Until it knows the triggers, it asks senders to come again.
  return `http://127.0.0.1:${events.port}/hooks`;
}
