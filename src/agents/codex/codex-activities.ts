import type { JsonObject } from "../../kube/json.ts";
import type { Activity, Detail } from "../agent.ts";
import { asText } from "../output.ts";
import { asObject } from "../../kube/json.ts";
import { answered, inEvents, retried, said, thought, used } from "../activities.ts";

/** What a line of `codex exec --json` says to people. */
export const codexActivities = inEvents((event) => {
  const item = asObject(event["item"]) ?? {};
  if (event["type"] === "item.completed") return completed(item);
  if (event["type"] === "item.started" && item["type"] === "command_execution")
    return used("shell", { command: item["command"] ?? null }, item["id"]);
  if (event["type"] === "item.started" && item["type"] === "mcp_tool_call")
    return used(item["tool"], item["arguments"], item["id"]);
  const [, attempt, most, why] =
    /^Reconnecting\.\.\. ([0-9]+)\/([0-9]+) \((.*)\)$/s.exec(asText(event["message"]) ?? "") ?? [];
  if (event["type"] === "error" && why !== undefined)
    return retried(why, { attempt: `${attempt} of ${most}` });
  return [];
});

function completed(item: JsonObject): (Activity | Detail)[] {
  const failed = item["status"] === "failed";
  if (item["type"] === "agent_message") return said(item["text"]);
  if (item["type"] === "reasoning") return thought(item["text"]);
  if (item["type"] === "command_execution") return answered(item["id"], item["aggregated_output"], failed);
  if (item["type"] !== "mcp_tool_call") return [];
  const content = asObject(item["result"])?.["content"] ?? asObject(item["error"])?.["message"];
  return answered(item["id"], content, failed);
}
