import type { AgentDemo } from "../agent.ts";
import { asObject } from "../output.ts";
import { said, used } from "../activities.ts";

export const claudeDemo: AgentDemo = {
  baseUrl: "ANTHROPIC_BASE_URL",
  model: "claude-sonnet-4-5",
  activities(event) {
    const content = event["type"] === "assistant" ? asObject(event["message"])?.["content"] : undefined;
    if (!Array.isArray(content)) return [];
    return content.flatMap((part: unknown) => {
      const block = asObject(part);
      if (block?.["type"] === "text") return said(block["text"]);
      if (block?.["type"] === "tool_use") return used(block["name"], block["input"]);
      return [];
    });
  },
};
