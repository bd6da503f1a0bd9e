import type { OptionSpecs, ValuesOf } from "./command.ts";
import { checkBindAddress, operatorOptions } from "./options.ts";

const { namespace, "log-level": logLevel } = operatorOptions;

/** The options of `agent-operator events`. */
export const eventsOptions = {
  "hooks-bind-address": {
    type: "string",
    value: "ADDR",
    summary: "Where deliveries are received, at /hooks/<namespace>/<trigger>, over plain HTTP",
    default: ":8082",
    check: checkBindAddress,
  },
  "health-probe-bind-address": operatorOptions["health-probe-bind-address"],
  "metrics-bind-address": operatorOptions["metrics-bind-address"],
  namespace: {
    ...namespace,
    summary: "Serve only the triggers and notifiers of this namespace; without it, of all namespaces",
  },
  "leader-elect": {
    type: "boolean",
    summary:
      "Report and notify only while holding the Lease, so that several replicas may run; all receive deliveries",
  },
  "allow-local-urls": {
    type: "boolean",
    summary:
      "Allow URLs of triggers and notifiers that lead to this machine, its link-local network or the API server",
  },
  "log-level": logLevel,
} as const satisfies OptionSpecs;

export type EventsValues = ValuesOf<typeof eventsOptions>;
