/** Agents with their own program. */
export const NAMED_AGENTS = ["claude", "opencode", "codex", "gemini"] as const;

/** The agents that a run can name in `spec.agent`; `custom` is the program of its `spec.command`. */
export const AGENT_TYPES = [...NAMED_AGENTS, "custom"] as const;

export type AgentType = (typeof AGENT_TYPES)[number];
