import { failed, type ReasonFacts, underWay, waiting } from "./reason-facts.ts";

/** The part of the table of reasons that is about what a run's pod has besides git and the agent. */
export const POD_REASONS = {
  SettingUp: underWay("Initializing", "The run's setup prepares the checkout."),
  SetupFailed: failed(
    "The run's setup ended with an error.",
    "See its output in the message, or in full: kubectl logs job/<run> -c setup. Correct setup, or the repository, and create the run again.",
    { retryable: true },
  ),
  SetupTimedOut: failed(
    "The run's setup took longer than its timeout and was stopped. Or it ended with exit code 124, which says the same.",
    "See in its output what it waited for: kubectl logs job/<run> -c setup. Raise setup.timeout, or correct what hangs, and create the run again.",
    { retryable: true },
  ),
  ServiceNotReady: waiting(
    "A service of the run is not ready yet, or ends before it is ready and is started again.",
    "Wait, or see its log: kubectl logs job/<run> -c service-<name>. The run starts once it is ready, and fails after its third start or some minutes.",
    { phases: ["Initializing"] },
  ),
  ServiceFailed: failed(
    "A service of the run did not become ready: it ended three times, or took more than five minutes.",
    "See its last lines in the message, or in full: kubectl logs job/<run> -c service-<name>. Correct its command, env or readiness, and create the run again.",
    { retryable: true },
  ),
  PortTaken: failed(
    "A service of the run could not listen on its port, because another program of the same network does.",
    "Give each service its own port. In the embedded cluster all pods are in the machine's network: create the run again when the other program has ended.",
    { retryable: true },
  ),
  ServicesUnsupported: failed(
    "The run has services, and the cluster is older than Kubernetes 1.29, which does not run them as sidecars.",
    "Leave services out, or use a newer cluster.",
  ),
} as const satisfies Record<string, ReasonFacts>;
