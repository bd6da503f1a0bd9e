import { mkdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { SampleSurroundings } from "../../demo/samples.ts";
import { lastPort } from "../../local/last-port.ts";
import { agentPrograms, startLocalCluster, type LocalCluster } from "../../local/local-cluster.ts";
import { OPERATOR_NAMESPACE } from "../../local/service-account.ts";
import type { DevValues } from "../options.ts";
import { UsageError } from "../command.ts";
import type { Config } from "../config.ts";
import type { CommandContext } from "../context.ts";
import { aborted } from "../stop.ts";
import { withCluster } from "../cluster.ts";
import { describeError } from "../describe-error.ts";
import { showPhases } from "./dev-phases.ts";

/** Keeps the embedded cluster up until a signal asks to end; that is its normal end, exit code 0. */
export async function runDev(values: DevValues, context: CommandContext): Promise<number> {
  const { config, out, stop } = context;
  const dataDir = resolve(config.workingDirectory, values.data);
  const gitMirrors = pairs("git-mirror", values["git-mirror"], (path) =>
    resolve(config.workingDirectory, path),
  );
  const hosts = pairs("host", values.host, (address) => address);
  await makeDataDirectory(dataDir);
  const logFile = join(dataDir, "operator.log");
  const port = values.port === undefined ? await lastPort(dataDir) : Number(values.port);
  const startedAt = performance.now();
  await using samples = values.samples ? await samplesOf(dataDir, config) : undefined;
  await using cluster = await startLocalCluster({
    dataDir,
    packageRoot: config.packageRoot,
    path: config.path,
    ...(port === undefined ? {} : { port }),
    gitMirrors: { ...samples?.gitMirrors, ...gitMirrors },
    hosts: { ...samples?.hosts, ...hosts },
    toolDirectories: [...agentPrograms(config.packageRoot), ...(samples?.toolDirectories ?? [])],
    ...(values["no-operator"] ? {} : { operator: { logFile } }),
  });
  await samples?.createSecrets(cluster.client, "default");
  const readyMs = Math.round(performance.now() - startedAt);
  out.line(`${out.style("green", "ready")} in ${readyMs} ms at ${cluster.url}`);
  for (const line of welcome(cluster, values, { dataDir, logFile, config })) out.line(line);
  if (!values["no-operator"]) {
    void cluster.operatorRemoved.then(() =>
      out.line(
        `\n${out.style("red", "the operator has stopped")}: its namespace ${OPERATOR_NAMESPACE} was deleted. End with Ctrl-C and start again to get it back.`,
      ),
    );
    const hooks = await cluster.takeDeliveries(Number(values["hooks-port"] ?? 0));
    out.line(`AgentTriggers take deliveries at ${hooks}/<namespace>/<name>`);
  }
  await Promise.all([
    showPhases(cluster.client, out, stop.signal),
    showConsole(cluster.kubeconfigPath, context),
  ]);
  return 0;
}

/** Where everything is, and what to do next. */
function welcome(
  { sandboxDescription, metricsUrl, kubeconfigPath }: LocalCluster,
  { samples, "no-operator": isAlone }: DevValues,
  { dataDir, logFile, config }: { dataDir: string; logFile: string; config: Config },
): string[] {
  const { workingDirectory, packageRoot } = config;
  const lines = [
    sandboxDescription,
    isAlone
      ? "the operator is not started (--no-operator)"
      : `the operator logs to ${shown(logFile, workingDirectory)}`,
    ...(metricsUrl === undefined ? [] : [`metrics are at ${metricsUrl}`]),
    `\nIn another shell:\n\n  export KUBECONFIG=${kubeconfigPath}`,
    "  kubectl get agentruns,agentproviders,agentconfigs\n  kubectl explain agentrun.spec",
  ];
  if (samples)
    lines.push(`  kubectl apply -k ${shown(join(packageRoot, "config", "samples"), workingDirectory)}`);
  return [...lines, `\nCtrl-C ends it; its state stays in ${shown(dataDir, workingDirectory)}.\n`];
}

/** Serves the console until a signal asks to end. The cluster stays up without it: a page that cannot be made is a line. */
async function showConsole(kubeconfig: string, context: CommandContext): Promise<void> {
  const { out, stop } = context;
  // Only now: the cluster is ready sooner without it.
  const { serveConsole } = await import("./console.ts");
  const where = { kubeconfig, namespace: undefined, context: undefined, as: undefined };
  await withCluster(where, context, async (cluster) => {
    try {
      await using served = await serveConsole(cluster, {}, context);
      out.line(
        `The console is at ${served.address}; the address works once. \`agent-operator console\` opens another.\n`,
      );
      await aborted(stop.signal);
    } catch (error) {
      if (!stop.signal.aborted)
        out.error(
          `${context.program}: the console does not start: ${describeError(error, { debug: false })}`,
        );
    }
  });
}

const samplesOf = async (dataDir: string, { path, homeDirectory }: Config): Promise<SampleSurroundings> =>
  (await import("../../demo/samples.ts")).prepareSamples(dataDir, { path, home: homeDirectory });

async function makeDataDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new Error(
      `cannot create the data directory ${path}: ${error instanceof Error ? error.message : String(error)}; name another one with --data DIR`,
      { cause: error },
    );
  }
}

/** `KEY=VALUE` texts as a record; the last `=` separates, because a URL may hold one. */
function pairs(
  option: string,
  texts: readonly string[],
  read: (value: string) => string,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const text of texts) {
    const at = text.lastIndexOf("=");
    const key = text.slice(0, at);
    if (Object.hasOwn(found, key)) throw new UsageError(`--${option}: ${key} is given twice`);
    found[key] = read(text.slice(at + 1));
  }
  return found;
}

function shown(path: string, workingDirectory: string): string {
  const short = relative(workingDirectory, path);
  return short === "" || short.startsWith("..") ? path : short;
}
