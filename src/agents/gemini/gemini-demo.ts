import type { AgentDemo } from "../agent.ts";
import { said, used } from "../activities.ts";

export const geminiDemo: AgentDemo = {
  baseUrl: "GOOGLE_GEMINI_BASE_URL",
  model: "gemini-2.5-pro",
  activities(event) {
    if (event["type"] === "message" && event["role"] === "assistant") return said(event["content"]);
    if (event["type"] === "tool_use") return used(event["tool_name"], event["parameters"]);
    return [];
  },
};
