import { asObject } from "../../kube/json.ts";
import { answered, inEvents, said, thought, used } from "../activities.ts";

/** What a line of `opencode run --format json` says to people. It writes nothing while it asks a model again. */
export const opencodeActivities = inEvents((event) => {
  const part = asObject(event["part"]);
  if (event["type"] === "text") return said(part?.["text"]);
  if (event["type"] === "reasoning") return thought(part?.["text"]);
  if (event["type"] !== "tool_use") return [];
  // It comes once the tool has ended.
  const state = asObject(part?.["state"]) ?? {};
  const failed = state["status"] === "error";
  return [
    ...used(part?.["tool"], state["input"], part?.["callID"]),
    ...answered(part?.["callID"], failed ? state["error"] : state["output"], failed),
  ];
});
