import { failed, type ReasonFacts, underWay } from "./reason-facts.ts";

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
} as const satisfies Record<string, ReasonFacts>;
