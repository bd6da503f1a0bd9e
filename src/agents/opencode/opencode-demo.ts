import type { AgentDemo } from "../agent.ts";
import { asObject } from "../output.ts";
import { said, used } from "../activities.ts";

export const opencodeDemo: AgentDemo = {
  baseUrl: "ANTHROPIC_BASE_URL",
  model: "claude-sonnet-4-5",
  activities(event) {
    const part = asObject(event["part"]);
    if (event["type"] === "text") return said(part?.["text"]);
    if (event["type"] === "tool_use") return used(part?.["tool"], asObject(part?.["state"])?.["input"]);
    return [];
  },
};
