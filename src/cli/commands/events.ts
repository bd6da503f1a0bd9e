import { startEvents } from "../../events/events.ts";
import { createLog, LOG_LEVELS } from "../../runtime/log.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { EventsValues } from "../events-options.ts";
import { aborted } from "../stop.ts";
import { connect } from "./operator.ts";

/** Takes deliveries for AgentTriggers until a signal asks to end; that is its normal end, exit code 0. */
export async function runEvents(values: EventsValues, { config, stop }: CommandContext): Promise<number> {
  const level = LOG_LEVELS.find((each) => each === values["log-level"]);
  if (level === undefined) throw new UsageError(`--log-level: ${values["log-level"]} is no level`);
  const { transport } = await connect(config);
  const events = await startEvents({
    transport,
    namespaces: values.namespace,
    hooksBindAddress: values["hooks-bind-address"],
    healthProbeBindAddress: values["health-probe-bind-address"],
    metricsBindAddress: values["metrics-bind-address"],
    allowLocalUrls: values["allow-local-urls"],
    apiServerAddresses: config.inCluster ? [config.inCluster.host] : [],
    log: createLog({ level }),
  });
  await aborted(stop.signal);
  await events.stop();
  transport.close();
  return 0;
}
