import type { Activity, Detail } from "../agent.ts";
import { asObject } from "../../kube/json.ts";
import { asText } from "../output.ts";
import { answered, inEvents, retried, said, used } from "../activities.ts";

const events = inEvents((event) => {
  if (event["type"] === "message" && event["role"] === "assistant") {
    const text = asText(event["content"]) ?? "";
    if (event["delta"] === true) return text === "" ? [] : [{ kind: "text", text, isPart: true }];
    return said(text);
  }
  if (event["type"] === "tool_use") return used(event["tool_name"], event["parameters"], event["tool_id"]);
  if (event["type"] === "tool_result") {
    const output = event["output"] ?? asObject(event["error"])?.["message"];
    return answered(event["tool_id"], output, event["status"] === "error");
  }
  return [];
});

/** What a line of `gemini --output-format stream-json` says to people; retries are words among its events. */
export function geminiActivities(line: string): (Activity | Detail)[] {
  const [, attempt, status] = /^Attempt ([0-9]+) failed(?: with status ([0-9]{3}))?\b/.exec(line) ?? [];
  return attempt === undefined ? events(line) : retried(status ?? "no answer", { attempt });
}
