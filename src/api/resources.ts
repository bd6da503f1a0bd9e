import { resourceType } from "../kube/resources.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { AgentNotifier } from "./agent-notifier.ts";
import type { AgentProvider } from "./agent-provider.ts";
import type { AgentRun } from "./agent-run.ts";
import type { AgentSchedule } from "./agent-schedule.ts";
import type { AgentTrigger } from "./agent-trigger.ts";
import type { AgentWorkspace } from "./agent-workspace.ts";
import { API_GROUP, API_VERSION } from "./group.ts";

/** How a client addresses the kinds of this project. */
export const agentRuns = resourceType<AgentRun>(API_GROUP, API_VERSION, "agentruns", "AgentRun");
export const agentWorkspaces = resourceType<AgentWorkspace>(
  API_GROUP,
  API_VERSION,
  "agentworkspaces",
  "AgentWorkspace",
);
export const agentProviders = resourceType<AgentProvider>(
  API_GROUP,
  API_VERSION,
  "agentproviders",
  "AgentProvider",
);
export const agentConfigs = resourceType<AgentConfig>(API_GROUP, API_VERSION, "agentconfigs", "AgentConfig");

export const agentSchedules = resourceType<AgentSchedule>(
  API_GROUP,
  API_VERSION,
  "agentschedules",
  "AgentSchedule",
);

export const agentTriggers = resourceType<AgentTrigger>(
  API_GROUP,
  API_VERSION,
  "agenttriggers",
  "AgentTrigger",
);

export const agentNotifiers = resourceType<AgentNotifier>(
  API_GROUP,
  API_VERSION,
  "agentnotifiers",
  "AgentNotifier",
);

/** All of them, in the order of the reference. */
export const OUR_RESOURCES = [
  agentRuns,
  agentWorkspaces,
  agentProviders,
  agentConfigs,
  agentSchedules,
  agentTriggers,
  agentNotifiers,
] as const;
