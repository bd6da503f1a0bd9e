import type { Activity, Detail } from "../agent.ts";
import { asNumber, asText } from "../output.ts";
import type { JsonObject } from "../../kube/json.ts";
import { asObject } from "../../kube/json.ts";
import { answered, inEvents, retried, said, thought, used } from "../activities.ts";

/** What a line of `claude --output-format stream-json` says to people. */
export const claudeActivities = inEvents((event) => {
  if (event["subtype"] === "api_retry") return retry(event);
  const content = asObject(event["message"])?.["content"];
  if (!Array.isArray(content)) return [];
  const blocks = content.map((part: unknown) => asObject(part) ?? {});
  if (event["type"] === "assistant") return blocks.flatMap(fromModel);
  return event["type"] === "user" ? blocks.flatMap(fromTool) : [];
});

function fromModel(block: JsonObject): (Activity | Detail)[] {
  if (block["type"] === "text") return said(block["text"]);
  if (block["type"] === "thinking") return thought(block["thinking"]);
  return block["type"] === "tool_use" ? used(block["name"], block["input"], block["id"]) : [];
}

function fromTool(block: JsonObject): Detail[] {
  if (block["type"] !== "tool_result") return [];
  return answered(block["tool_use_id"], block["content"], block["is_error"] === true);
}

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
