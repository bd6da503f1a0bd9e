import type { AgentRun } from "../../api/agent-run.ts";
import type { EventSource } from "../../api/agent-trigger.ts";
import { ANNOTATION_TRIGGERS, LABEL_TRIGGER } from "../../api/labels.ts";
import { fieldOf, textAt, textsAt } from "../../kube/json.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { Refused } from "./decide.ts";

/** The types of the CloudEvents of AgentNotifiers begin so. */
export const EVENT_TYPE = "com.xonovex.agent.run.";

/** As many triggers as a chain of runs may have. */
const MAX_CHAIN = 16;

/** The triggers that have led to a run, one by way of the end of another one's run: `namespace/name`. */
export function triggersOf({ metadata }: AgentRun): string[] {
  const own = metadata.labels?.[LABEL_TRIGGER];
  const before = (metadata.annotations?.[ANNOTATION_TRIGGERS] ?? "").split(",").filter((each) => each !== "");
  return own === undefined ? before : [...before, `${metadata.namespace}/${own}`];
}

/**
 * The triggers that have led to the run that the event is about; none for any other event. Refused: this one is among them,
 * so that its runs would start each other for ever.
 */
export function chainOf(
  source: EventSource,
  { metadata }: KubeObject,
  event: unknown,
): readonly string[] | Refused {
  if (source !== "CloudEvents" || !textAt(event, "type").startsWith(EVENT_TYPE)) return [];
  const chain = textsAt(fieldOf(event, "data"), "triggers");
  const own = `${metadata.namespace}/${metadata.name}`;
  if (chain.includes(own))
    return { reason: "OwnEvent", message: `the event is about a run that AgentTrigger ${own} has led to` };
  return chain.length < MAX_CHAIN
    ? chain
    : {
        reason: "OwnEvent",
        message: `${chain.length} triggers have led to the run that the event is about, by way of each other's runs`,
      };
}
