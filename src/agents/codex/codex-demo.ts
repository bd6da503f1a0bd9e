import type { AgentDemo } from "../agent.ts";
import { asObject } from "../output.ts";
import { said, used } from "../activities.ts";

export const codexDemo: AgentDemo = {
  baseUrl: "OPENAI_BASE_URL",
  activities(event) {
    const item = asObject(event["item"]);
    if (event["type"] === "item.completed" && item?.["type"] === "agent_message") return said(item["text"]);
    if (event["type"] === "item.started" && item?.["type"] === "command_execution")
      return used("shell", item);
    return [];
  },
};
