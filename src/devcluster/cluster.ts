import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createClient } from "../client/client.ts";
import { unlessRefused } from "../client/errors.ts";
import type { Transport } from "../client/transport.ts";
import { kubernetesService, serviceVariables } from "./apiserver/kinds/kubernetes-service.ts";
import { services, storageClasses } from "../kube/cluster-kinds.ts";
import { BUILT_IN_CLASSES } from "../kube/storage-classes.ts";
import { locationOf } from "../kube/objects.ts";
import { createApiServer, type ApiServer } from "./apiserver/server.ts";
import { startControllers } from "./controllers/controllers.ts";
import { lockDataDir } from "./data-dir.ts";
import { startKubelet, type Kubelet } from "./kubelet/kubelet.ts";
import type { ImageFiles } from "./kubelet/host-view.ts";
import { detectSandbox, SYSTEM_PATH } from "./kubelet/sandbox/detect.ts";
import type { SandboxMode } from "./kubelet/sandbox/sandbox.ts";

export interface DevClusterOptions {
  /** Where everything is kept: API objects, keys, the kubeconfig, claims, logs. Default: a temporary directory, removed by `stop`. */
  dataDir?: string;
  /** Port of the API server on 127.0.0.1; 0 (default) takes any free one. */
  port?: number;
  /** The host's PATH, as containers are to see it. Default: the usual system directories. */
  path?: string;
  /** Directories put before `path`, such as a checkout's `node_modules/.bin`; reachable even if containers do not see their place on the host. */
  toolDirectories?: readonly string[];
  /** Git remotes answered by a local repository, or at another HTTP address: `{"https://github.com/org/repo.git": "/srv/repo"}`. */
  gitMirrors?: Readonly<Record<string, string>>;
  /**
   * Folders of this machine that containers of an image see read-only at a path, as no image is pulled:
   * `{image: "git:1", path: "/scripts", folder: "/srv/scripts"}`. A volume at that path hides them. If
   * containers are ordinary processes (sandbox `none`), the path is instead replaced by the folder
   * in command, arguments, environment (but PATH) and working directory: a script finds its neighbours by `$0`.
   */
  imageFiles?: readonly ImageFiles[];
  /** Lines added to containers' /etc/hosts: `{"litellm-proxy": "127.0.0.1"}`. */
  hosts?: Readonly<Record<string, string>>;
  /** Forces one way of isolating containers; default: the best that this machine offers. */
  sandbox?: SandboxMode;
  /** See `ApiServerOptions`. */
  knownDefinitions?: readonly object[];
  /** Seconds that containers get to end when the cluster stops; default 2. */
  stopGraceSeconds?: number;
  /** Told of what controllers could not do; they try again. Default: a line on stderr. */
  onProblem?: (message: string) => void;
}

export interface DevCluster {
  /** A kubeconfig of an administrator, mode 0600. */
  readonly kubeconfigPath: string;
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** An in-process connection of an administrator. */
  readonly transport: Transport;
  /** How containers are isolated on this machine, and in which words to tell the user. */
  readonly sandbox: { mode: SandboxMode; description: string };
  readonly dataDir: string;
  /** Stops containers, controllers and the API server; afterwards nothing of the cluster runs. */
  stop(): Promise<void>;
}

function nodeNameOf(host: string): string {
  const name = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "");
  return name === "" ? "devcluster" : name.slice(0, 63);
}

function userTransport(server: ApiServer, name: string): Transport {
  return server.transport({ name, groups: ["system:masters"] });
}

async function start(options: DevClusterOptions, dataDir: string, started: AsyncDisposableStack) {
  started.defer(lockDataDir(dataDir));
  const kubeletDirectory = join(dataDir, "kubelet");
  mkdirSync(kubeletDirectory, { recursive: true });
  const path = options.path ?? SYSTEM_PATH;
  let kubelet: Kubelet | undefined;
  const runningKubelet = (): Kubelet => {
    if (kubelet === undefined) throw new Error("the kubelet is not running");
    return kubelet;
  };
  const [server, sandbox] = await Promise.all([
    createApiServer({
      dataDir,
      serviceAccounts: true,
      knownDefinitions: options.knownDefinitions ?? [],
      podLogs: { open: async (...request) => runningKubelet().openLog(...request) },
      openExec: async (...request) => runningKubelet().openExec(...request),
    }),
    detectSandbox(kubeletDirectory, path, options.sandbox),
  ]);
  started.defer(() => server.close());
  // Containers that are processes of this machine under another uid have to get through.
  if (!sandbox.hasMounts && sandbox.changesUser) chmodSync(dataDir, 0o711);
  const listening = await server.listen(options.port === undefined ? {} : { port: options.port });
  const nodeName = nodeNameOf(hostname());
  const builder = createClient(userTransport(server, "system:apiserver"));
  const classes = BUILT_IN_CLASSES.map((built) => builder.create(storageClasses, built));
  await Promise.all(classes.map((creation) => unlessRefused(creation, "AlreadyExists")));
  const kubernetes = kubernetesService("127.0.0.1", Number(new URL(listening.url).port));
  const asServer = { type: "apply", fieldManager: "kube-apiserver", force: true } as const;
  await builder.patch(services, locationOf(kubernetes), kubernetes, asServer);
  const controllers = await startControllers({
    transport: (name) => userTransport(server, name),
    ca: listening.ca,
    volumesDirectory: join(dataDir, "volumes"),
    onProblem: options.onProblem ?? ((message) => process.stderr.write(`${message}\n`)),
  });
  started.defer(() => controllers.stop());
  kubelet = await startKubelet({
    client: createClient(userTransport(server, `system:node:${nodeName}`), { fieldManager: "kubelet" }),
    pods: controllers.pods,
    nodeName,
    directory: kubeletDirectory,
    sandbox,
    path,
    toolDirectories: options.toolDirectories ?? [],
    gitMirrors: options.gitMirrors ?? {},
    imageFiles: options.imageFiles ?? [],
    hosts: options.hosts ?? {},
    hidden: [dataDir, homedir()],
    serviceEnv: serviceVariables(kubernetes),
    claimDirectory: (namespace, claim) => controllers.claimDirectory(namespace, claim),
  });
  started.defer(() => runningKubelet().stop(options.stopGraceSeconds ?? 2));
  return {
    kubeconfigPath: listening.kubeconfigPath ?? join(dataDir, "kubeconfig"),
    url: listening.url,
    transport: server.transport(),
    sandbox: { mode: sandbox.mode, description: sandbox.description },
    dataDir,
  };
}

/**
 * Starts the API server, the controllers and the kubelet in this process. Rejects when the data directory
 * is in use, a git mirror is missing or the wanted sandbox cannot be had; then nothing is left running.
 */
export async function startDevCluster(options: DevClusterOptions = {}): Promise<DevCluster> {
  await using started = new AsyncDisposableStack();
  const dataDir = resolve(options.dataDir ?? mkdtempSync(join(tmpdir(), "devcluster-")));
  if (options.dataDir === undefined) started.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const cluster = await start(options, dataDir, started);
  const running = started.move();
  return { ...cluster, stop: () => running.disposeAsync() };
}
