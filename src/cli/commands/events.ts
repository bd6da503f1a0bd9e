import { startEvents } from "../../events/events.ts";
import { createLog, LOG_LEVELS } from "../../runtime/log.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { EventsValues } from "../events-options.ts";
import { aborted } from "../stop.ts";
import { connect } from "./operator.ts";

/** Takes deliveries for AgentTriggers until a signal asks to end; that is its normal end, exit code 0; 1 if it loses the Lease. */
export async function runEvents(values: EventsValues, { config, stop }: CommandContext): Promise<number> {
  const level = LOG_LEVELS.find((each) => each === values["log-level"]);
  if (level === undefined) throw new UsageError(`--log-level: ${values["log-level"]} is no level`);
  const { transport, namespace } = await connect(config);
  const events = await startEvents({
    transport,
    namespaces: values.namespace,
    leaderElect: values["leader-elect"],
    leaseNamespace: config.podNamespace ?? namespace,
    hooksBindAddress: values["hooks-bind-address"],
    healthProbeBindAddress: values["health-probe-bind-address"],
    metricsBindAddress: values["metrics-bind-address"],
    allowLocalUrls: values["allow-local-urls"],
    apiServerAddresses: config.inCluster ? [config.inCluster.host] : [],
    log: createLog({ level }),
  });
  const lost = await Promise.race([aborted(stop.signal), events.lost]);
  await events.stop();
  transport.close();
  if (lost === undefined) return 0;
  throw new Error(`the events component ends: ${lost}`);
}
