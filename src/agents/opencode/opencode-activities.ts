import { asObject } from "../../kube/json.ts";
import { inEvents, said, used } from "../activities.ts";

/** What a line of `opencode run --format json` says to people. It writes nothing while it asks a model again. */
export const opencodeActivities = inEvents((event) => {
  const part = asObject(event["part"]);
  if (event["type"] === "text") return said(part?.["text"]);
  if (event["type"] === "tool_use") return used(part?.["tool"], asObject(part?.["state"])?.["input"]);
  return [];
});
