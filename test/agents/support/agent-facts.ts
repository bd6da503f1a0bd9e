import type { NAMED_AGENTS } from "../../../src/api/agent-types.ts";

export type NamedAgent = (typeof NAMED_AGENTS)[number];

/** What a test must know of an agent's CLI to play with it. */
export interface AgentFacts {
  /** The variable with the address of its model. */
  baseUrl: string;
  /** The variable with its key. */
  token: string;
  /** The model that it is given, if it knows none of itself. */
  model?: string;
  /** What it prints once a tool has run. */
  toolDone: RegExp;
  /** The tool of an MCP server as the model names it. */
  mcpTool(server: string, tool: string): string;
}

export const agentFacts: Readonly<Record<NamedAgent, AgentFacts>> = {
  claude: {
    baseUrl: "ANTHROPIC_BASE_URL",
    token: "ANTHROPIC_API_KEY",
    toolDone: /"tool_result"/,
    mcpTool: (server, tool) => `mcp__${server}__${tool}`,
  },
  opencode: {
    baseUrl: "OPENAI_BASE_URL",
    token: "OPENAI_API_KEY",
    model: "scripted-1",
    toolDone: /"type":"step_finish"/,
    mcpTool: (server, tool) => `${server}_${tool}`,
  },
  codex: {
    baseUrl: "OPENAI_BASE_URL",
    token: "OPENAI_API_KEY",
    model: "scripted-1",
    toolDone: /"item\.completed".*"command_execution"/,
    mcpTool: (server, tool) => `mcp__${server}.${tool}`,
  },
  gemini: {
    baseUrl: "GOOGLE_GEMINI_BASE_URL",
    token: "GEMINI_API_KEY",
    model: "scripted-1",
    toolDone: /"type":"tool_result"/,
    mcpTool: (server, tool) => `mcp_${server}_${tool}`,
  },
};
