import type { Activity } from "../agent.ts";
import { asNumber, asText } from "../output.ts";
import type { JsonObject } from "../../kube/json.ts";
import { asObject } from "../../kube/json.ts";
import { inEvents, retried, said, used } from "../activities.ts";

/** What a line of `claude --output-format stream-json` says to people. */
export const claudeActivities = inEvents((event) => {
  if (event["subtype"] === "api_retry") return retry(event);
  const content = event["type"] === "assistant" ? asObject(event["message"])?.["content"] : undefined;
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: unknown) => {
    const block = asObject(part);
    if (block?.["type"] === "text") return said(block["text"]);
    if (block?.["type"] === "tool_use") return used(block["name"], block["input"]);
    return [];
  });
});

function retry(event: JsonObject): Activity[] {
  const status = asNumber(event["error_status"]);
  const attempt = asNumber(event["attempt"]);
  const most = asNumber(event["max_retries"]);
  const delayMs = asNumber(event["retry_delay_ms"]);
  return retried(status === undefined ? (asText(event["error"]) ?? "no answer") : `${status}`, {
    ...(attempt === undefined
      ? {}
      : { attempt: most === undefined ? `${attempt}` : `${attempt} of ${most}` }),
    ...(delayMs === undefined ? {} : { delayMs }),
  });
}
