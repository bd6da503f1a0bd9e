import type { AgentType } from "../api/agent-types.ts";
import type { Agent } from "./agent.ts";
import { claude } from "./claude/claude.ts";
import { codex } from "./codex/codex.ts";
import { custom } from "./custom/custom.ts";
import { gemini } from "./gemini/gemini.ts";
import { opencode } from "./opencode/opencode.ts";

const agents: Readonly<Record<AgentType, Agent>> = { claude, opencode, codex, gemini, custom };

/** The agent of this name; undefined for a name that the schema would have refused. */
export function agentNamed(name: string): Agent | undefined {
  return Object.values(agents).find((agent) => agent.name === name);
}

/** The agent of a type that the schema knows. */
export function agentOfType(type: AgentType): Agent {
  return agents[type];
}
