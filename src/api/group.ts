/** The API group of every kind of this project. */
export const API_GROUP = "agent.xonovex.com";

/** The one version that is served and stored. */
export const API_VERSION = "v1alpha1";

/** The kinds of this project; their definitions are in kinds.ts, in the same order. */
export const KIND_NAMES = [
  "AgentRun",
  "AgentWorkspace",
  "AgentProvider",
  "AgentConfig",
  "AgentSchedule",
  "AgentTrigger",
  "AgentNotifier",
] as const;

export type KindName = (typeof KIND_NAMES)[number];
