import { condition, type ReasonFacts } from "./reason-facts.ts";

const of = (meaning: string, remedy = ""): ReasonFacts => condition(["AgentNotifier"], meaning, remedy);

/** Why a sink has not taken an event. */
export const SINK_REASONS = {
  SinkUnreachable: of(
    "The sink cannot be reached, or does not answer in time. What is pending is sent once it can be.",
    "Look at the sink, and at spec.sink.url.",
  ),
  SinkRefused: of(
    "The sink answers with an error. What is pending is sent again, at longer and longer intervals.",
    "See the code in the message: the sink may not know the URL, or may not accept the signature.",
  ),
  SinkNotAllowed: of(
    "The sink's URL leads to the machine of the events component, its link or the API server.",
    "Correct spec.sink.url. If that is where the sink is, start the events component with --allow-local-urls.",
  ),
  InvalidSink: of(
    "What is named as the sink's address is no URL.",
    "Correct spec.sink.url, or the Secret key that holds it.",
  ),
} as const satisfies Record<string, ReasonFacts>;

/** What an AgentNotifier's condition and events say. */
export const NOTIFIER_REASONS = {
  ...SINK_REASONS,
  Notifying: of("Runs are reported to the sink."),
  NotificationDropped: of(
    "The sink has refused an event for a day, by a code that says that it is the event's own fault (400, 413 or 422). It is not sent again.",
    "See the code in the message. Get what you missed from the run itself.",
  ),
} as const satisfies Record<string, ReasonFacts>;

export type SinkReason = keyof typeof SINK_REASONS;
