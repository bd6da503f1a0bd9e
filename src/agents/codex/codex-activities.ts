import { asText } from "../output.ts";
import { asObject } from "../../kube/json.ts";
import { inEvents, retried, said, used } from "../activities.ts";

/** What a line of `codex exec --json` says to people. */
export const codexActivities = inEvents((event) => {
  const item = asObject(event["item"]);
  if (event["type"] === "item.completed" && item?.["type"] === "agent_message") return said(item["text"]);
  if (event["type"] === "item.started" && item?.["type"] === "command_execution") return used("shell", item);
  const [, attempt, most, why] =
    /^Reconnecting\.\.\. ([0-9]+)\/([0-9]+) \((.*)\)$/s.exec(asText(event["message"]) ?? "") ?? [];
  if (event["type"] === "error" && why !== undefined)
    return retried(why, { attempt: `${attempt} of ${most}` });
  return [];
});
