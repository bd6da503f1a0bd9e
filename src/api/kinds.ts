import { agentConfigKind } from "./agent-config.ts";
import { agentNotifierKind } from "./agent-notifier.ts";
import { agentProviderKind } from "./agent-provider.ts";
import { agentRunKind } from "./agent-run.ts";
import { agentScheduleKind } from "./agent-schedule.ts";
import { agentTriggerKind } from "./agent-trigger.ts";
import { agentWorkspaceKind } from "./agent-workspace.ts";
import { type CustomResourceDefinition, toCustomResourceDefinition } from "./schema/crd.ts";
import type { KindDefinition } from "./schema/kind.ts";

/** Every kind of this project, in the order of the reference. */
export const KINDS: readonly KindDefinition[] = [
  agentRunKind,
  agentWorkspaceKind,
  agentProviderKind,
  agentConfigKind,
  agentScheduleKind,
  agentTriggerKind,
  agentNotifierKind,
];

/** The CustomResourceDefinitions of every kind, as `config/crd` holds them. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return KINDS.map(toCustomResourceDefinition);
}
