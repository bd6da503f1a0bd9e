import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import { delimiter, join } from "node:path";
import { after, before } from "node:test";
import { createClient, type Client } from "../../src/client/client.ts";
import { isApiError } from "../../src/client/errors.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { namespaces } from "../../src/kube/builtin.ts";
import { nodes } from "../../src/kube/cluster-kinds.ts";
import { installDefinitions } from "../../src/local/install.ts";
import { type LocalClusterOptions, startLocalCluster } from "../../src/local/local-cluster.ts";
import { startOperator } from "../../src/operator/operator.ts";
import { createLog } from "../../src/runtime/log.ts";
import { type Kubectl, createKubectl } from "./kubectl.ts";
import { projectRoot } from "./project-files.ts";
import { start } from "./run.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { waitForAbsence } from "./wait-for.ts";

/** A cluster for the tests of one file, and a namespace in it that is theirs alone. */
export interface TestCluster {
  readonly kubeconfig: string;
  readonly namespace: string;
  /** As an administrator. */
  readonly client: Client;
  readonly kubectl: Kubectl;
  /** Where the embedded cluster keeps its files; undefined on another cluster. */
  readonly dataDir: string | undefined;
  /** Where an embedded cluster of this process takes deliveries. */
  readonly hooksUrl: string | undefined;
}

/** How the embedded cluster runs pods; who asks for any of it gets that one. */
const NODE_OPTIONS = ["gitMirrors", "hosts", "toolDirectories", "path", "sandbox"] as const;

/** For a cluster in a process of its own: no test runs as long, and no start takes as long. */
const [OWN_PROCESS_MS, START_MS] = [600_000, 30_000];

export interface TestClusterOptions extends Partial<
  Pick<LocalClusterOptions, (typeof NODE_OPTIONS)[number]>
> {
  /** Whether the operator runs. Default: true. */
  operator?: boolean;
  /** Whether an embedded cluster takes deliveries for AgentTriggers. Default: false. */
  hooks?: boolean;
  /**
   * Set by tests whose pods must run: on any node, or on this machine, because they use its loopback and its
   * programs. Instead of a cluster that cannot, the embedded one is taken.
   */
  pods?: "anywhere" | "here";
  /**
   * Whether the embedded cluster is a process of its own, as it is for users, for tests of what it can bear: in a
   * test's process each promise is followed by the test runner. Starts a second later. Default: false.
   */
  ownProcess?: boolean;
}

/**
 * A cluster with the CRDs for the tests of the calling file: embedded, in this process, or the one that
 * TEST_KUBECONFIG names. Registers its own start and clean-up; what it gives is filled before the
 * first test.
 */
export function useCluster(options: TestClusterOptions = {}): TestCluster {
  const stack = new AsyncDisposableStack();
  let started: TestCluster | undefined;
  before(async () => void (started = await startTestCluster(options, stack)), { timeout: 60_000 });
  after(() => stack.disposeAsync(), { timeout: 60_000 });
  const get = (): TestCluster => {
    if (started === undefined) throw new Error("the cluster is there from the first test on, not before");
    return started;
  };
  return {
    get kubeconfig() {
      return get().kubeconfig;
    },
    get namespace() {
      return get().namespace;
    },
    get client() {
      return get().client;
    },
    get kubectl() {
      return get().kubectl;
    },
    get dataDir() {
      return get().dataDir;
    },
    get hooksUrl() {
      return get().hooksUrl;
    },
  };
}

/** The same for a test that decides itself when it starts; everything ends with `stack`. */
export async function startTestCluster(
  options: TestClusterOptions,
  stack: AsyncDisposableStack,
): Promise<TestCluster> {
  const namespace = `test-${randomBytes(4).toString("hex")}`;
  const given = await givenCluster(options, stack);
  const cluster = given ?? (await startEmbedded(options, stack));
  await cluster.client.create(namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  if (given) {
    stack.defer(() => removeNamespace(cluster.client, namespace));
    if (options.operator !== false) {
      const { transport } = await kubeconfigTransport({ paths: [given.kubeconfig] });
      stack.defer(() => transport.close());
      const operator = await startOperator({
        transport,
        namespaces: [namespace],
        leaseNamespace: namespace,
        log: createLog({ level: "warn" }),
        healthProbeBindAddress: "0",
        metricsBindAddress: "0",
      });
      stack.defer(() => operator.stop());
    }
  }
  return { ...cluster, namespace, kubectl: await createKubectl(cluster.kubeconfig, namespace) };
}

type Connected = Pick<TestCluster, "kubeconfig" | "client" | "dataDir" | "hooksUrl">;

/** The cluster that TEST_KUBECONFIG names, with the CRDs; undefined when there is none or it will not do. */
async function givenCluster(
  options: TestClusterOptions,
  stack: AsyncDisposableStack,
): Promise<Connected | undefined> {
  const kubeconfig = process.env["TEST_KUBECONFIG"];
  if (!kubeconfig || NODE_OPTIONS.some((option) => options[option] !== undefined)) return undefined;
  const { transport } = await kubeconfigTransport({ paths: [kubeconfig] });
  stack.defer(() => transport.close());
  const client = createClient(transport);
  if (options.pods !== undefined && !(await hasNode(client, options.pods))) return undefined;
  await installDefinitions(client);
  return { kubeconfig, client, dataDir: undefined, hooksUrl: undefined };
}

async function hasNode(client: Client, where: "anywhere" | "here"): Promise<boolean> {
  const ready = (await client.list(nodes)).items.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
  );
  if (where === "anywhere") return ready.length > 0;
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address)),
  );
  return ready.some(({ status }) => status?.addresses?.some(({ address }) => own.has(address)));
}

async function startEmbedded(options: TestClusterOptions, stack: AsyncDisposableStack): Promise<Connected> {
  const { operator = true, ownProcess = false, hooks = false, ...rest } = options;
  const directory = stack.use(await temporaryDirectory());
  const clusterOptions: LocalClusterOptions = {
    dataDir: join(directory.path, "cluster"),
    packageRoot: projectRoot,
    path: searchPath(),
    ...rest,
    ...(operator && { operator: { logFile: join(directory.path, "operator.log") } }),
  };
  if (ownProcess) return startProgram(clusterOptions, stack);
  const cluster = stack.use(await startLocalCluster(clusterOptions));
  const { kubeconfigPath: kubeconfig, client, dataDir } = cluster;
  const hooksUrl = hooks ? await cluster.takeDeliveries(0) : undefined;
  return { kubeconfig, client, dataDir, hooksUrl };
}

async function startProgram(options: LocalClusterOptions, stack: AsyncDisposableStack): Promise<Connected> {
  const file = join(import.meta.dirname, "cluster-program.ts");
  const program = start(process.execPath, [file, JSON.stringify(options)], { timeoutMs: OWN_PROCESS_MS });
  stack.defer(async () => {
    program.kill("SIGTERM");
    const { code, stderr } = await program.ended;
    if (code !== 0) throw new Error(`the cluster ended with ${code}: ${stderr}`);
  });
  const [, kubeconfig = ""] = await program.waitForOutput(/^(.*)\n/, START_MS);
  const { transport } = await kubeconfigTransport({ paths: [kubeconfig] });
  stack.defer(() => transport.close());
  return { kubeconfig, client: createClient(transport), dataDir: options.dataDir, hooksUrl: undefined };
}

/** Without this checkout's node_modules, which npm puts first: containers get it as their tool directory. */
function searchPath(): string {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((directory) => !directory.includes("node_modules"))
    .join(delimiter);
}

async function removeNamespace(client: Client, name: string): Promise<void> {
  try {
    await client.delete(namespaces, { name });
  } catch (error) {
    if (!isApiError(error, "NotFound")) throw error;
  }
  await waitForAbsence(client, namespaces, { name });
}
