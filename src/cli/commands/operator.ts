import { setTimeout as sleep } from "node:timers/promises";
import { createHttpsTransport } from "../../client/transport-https.ts";
import type { ClosableTransport } from "../../client/transport-https.ts";
import { inClusterOptions } from "../../client/in-cluster.ts";
import { kubeconfigTransport } from "../../client/kubeconfig.ts";
import { startOperator } from "../../operator/operator.ts";
import { createLog, LOG_LEVELS } from "../../runtime/log.ts";
import type { OperatorValues } from "../options.ts";
import { resourcesOf } from "./git-resources.ts";
import { UsageError } from "../command.ts";
import type { Config } from "../config.ts";
import type { CommandContext } from "../context.ts";
import { aborted } from "../stop.ts";

const LOST_GRACE_MS = 2_000;

/** Runs the operator until a signal asks to end (exit code 0) or it loses what it needs (1). */
export async function runOperator(values: OperatorValues, context: CommandContext): Promise<number> {
  const { config, stop } = context;
  const level = LOG_LEVELS.find((each) => each === values["log-level"]);
  if (level === undefined) throw new UsageError(`--log-level: ${values["log-level"]} is no level`);
  const log = createLog({ level });
  const { transport, namespace } = await connect(config);
  const operator = await startOperator({
    transport,
    namespaces: values.namespace,
    secretNames: values.secret,
    leaderElect: values["leader-elect"],
    leaseNamespace: config.podNamespace ?? namespace,
    healthProbeBindAddress: values["health-probe-bind-address"],
    metricsBindAddress: values["metrics-bind-address"],
    webhookBindAddress: values["webhook-bind-address"],
    ...(values["git-image"] === undefined ? {} : { gitImage: values["git-image"] }),
    ...(values["agent-image"] === undefined ? {} : { agentImage: values["agent-image"] }),
    ...(values["operator-image"] === undefined ? {} : { operatorImage: values["operator-image"] }),
    gitResources: resourcesOf(values["git-resource"]),
    ...(values["otlp-endpoint"] === undefined ? {} : { otlpEndpoint: values["otlp-endpoint"] }),
    log,
  });
  const lost = await Promise.race([aborted(stop.signal), operator.lost]);
  const stopped = operator.stop();
  // Whoever does not lead has nothing left to write; whoever takes over is not helped by our waiting.
  await (lost === undefined ? stopped : Promise.race([stopped, sleep(LOST_GRACE_MS)]));
  transport.close();
  if (lost === undefined) return 0;
  throw new Error(`the operator ends: ${lost}`);
}

/** The pod's ServiceAccount inside a cluster, else the current context of the kubeconfig. */
export async function connect(config: Config): Promise<{ transport: ClosableTransport; namespace: string }> {
  if (config.inCluster !== undefined) {
    const { options, namespace } = await inClusterOptions(config.inCluster);
    return { transport: createHttpsTransport(options), namespace };
  }
  return kubeconfigTransport({
    paths: config.kubeconfigPaths,
    environment: config.environment,
  });
}
