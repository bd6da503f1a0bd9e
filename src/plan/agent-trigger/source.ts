import type { AgentTriggerSpec, EventSource } from "../../api/agent-trigger.ts";

/** What sends a trigger's events, or is asked for them. */
export function sourceOf({ webhook, poll }: Pick<AgentTriggerSpec, "webhook" | "poll">): EventSource {
  return webhook?.source ?? poll?.source ?? "GitHub";
}
