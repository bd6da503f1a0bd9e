/** The agents that a run can name in `spec.agent`. */
export const AGENT_TYPES = ["claude", "opencode"] as const;

export type AgentType = (typeof AGENT_TYPES)[number];
