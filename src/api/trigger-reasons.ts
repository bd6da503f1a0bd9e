import { condition, type ReasonFacts } from "./reason-facts.ts";

const of = (meaning: string, remedy = ""): ReasonFacts => condition(["AgentTrigger"], meaning, remedy);

/** What becomes of a delivery, in `status.deliveries` and in the answer to its sender. */
export const DELIVERY_REASONS = {
  RunCreated: of("The event has started a run."),
  Repeated: of(
    "The same event has started a run before: a repeated or replayed delivery starts no second one.",
  ),
  ActorRefused: of(
    "The sender of the event may not start runs: it has no permission to write to the repository, or is a bot that actors.bots does not name.",
    "Give the account that permission on the forge, or name it in actors.users or actors.bots.",
  ),
  ForkRefused: of(
    "The event is about a pull request from another repository. Strangers can write its content.",
    "Set allowForks if the run may work with that.",
  ),
  OwnEvent: of(
    "The event was caused by a run: by its push, its pull request, its comment, its commit status or its check.",
    "Set actors.ownWork if such events are to start runs. Then limit them by limits.perHour.",
  ),
  OtherRepository: of(
    "The event is about another repository than the trigger's.",
    "Correct repository, or remove the webhook from the other repository.",
  ),
  NothingToContinue: of(
    "The template continues the run that has published the event's pull request, and there is none.",
    "Make when true for such pull requests only. With continueFrom.anyRun, runs count that other things have started.",
  ),
  ExpressionFailed: of(
    "An expression could not be evaluated for the event, or took too long.",
    "Correct the expression that the message names; has(event.field) asks whether a field exists.",
  ),
  InvalidRun: of(
    "What the template came to with the event is no valid AgentRun.",
    "See in the message which field; correct the template.",
  ),
} as const satisfies Record<string, ReasonFacts>;

/** What an AgentTrigger's condition says. */
export const TRIGGER_REASONS = {
  ...DELIVERY_REASONS,
  Listening: of("Deliveries are taken at the path that status.path shows."),
  Polling: of("The forge is asked for the events of the repository."),
  PollFailed: of(
    "The forge does not list the events of the repository: the message has its words.",
    "Give the token in credential the right to read the repository, or correct repository and credential.apiURL. It is asked again within a minute, or when its limit of requests is over.",
  ),
  InvalidExpression: of(
    "An expression of the trigger cannot be read, so every delivery is refused.",
    "Correct the field that the message names.",
  ),
} as const satisfies Record<string, ReasonFacts>;

export type DeliveryReason = keyof typeof DELIVERY_REASONS;

export const DELIVERY_REASON_NAMES = Object.keys(DELIVERY_REASONS) as [DeliveryReason, ...DeliveryReason[]];
