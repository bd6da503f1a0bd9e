import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentRun, AgentRunSpec } from "../../api/agent-run.ts";
import type { AgentType } from "../../api/agent-types.ts";
import type { AgentFeature } from "../../agents/agent.ts";
import { agentNamed } from "../../agents/registry.ts";
import { type Effective, FROM_RUN, fromConfig } from "./effective.ts";

type McpServer = NonNullable<AgentRunSpec["mcpServers"]>[number];
type Skill = NonNullable<AgentRunSpec["skills"]>[number];
export type Instructions = NonNullable<AgentRunSpec["instructions"]>;

/** What an agent gets beside its task: that of its namespace first, then the run's own. */
export interface Inputs {
  sharedInstructions?: Instructions;
  instructions?: Instructions;
  mcpServers: Effective<McpServer>[];
  skills: Effective<Skill>[];
}

/**
 * Of the AgentConfig's what the agent can obey: it is meant for all runs of the namespace. What a run asks for itself is
 * never left out. It takes the place of what has the same name.
 */
export function inputsOf(
  { spec }: Pick<AgentRun, "spec">,
  config: AgentConfig | undefined,
  agent: AgentType,
): Inputs {
  const features = agentNamed(agent)?.features ?? [];
  const shared = <F extends AgentFeature & keyof NonNullable<AgentConfig["spec"]>>(feature: F) =>
    features.includes(feature) ? config?.spec?.[feature] : undefined;
  const merged = <T extends { name: string }>(inherited: readonly T[] = [], own: readonly T[] = []) => [
    ...inherited
      .filter(({ name }) => !own.some((each) => each.name === name))
      .map((value) => ({ value, from: fromConfig({ config }) })),
    ...own.map((value) => ({ value, from: FROM_RUN })),
  ];
  return {
    sharedInstructions: shared("instructions"),
    instructions: spec.instructions,
    mcpServers: merged(shared("mcpServers"), spec.mcpServers),
    skills: merged(shared("skills"), spec.skills),
  };
}

/** Where each of them comes from. What a server is given in variables and headers is not shown. */
export function inputOrigins(
  { mcpServers, skills, instructions, sharedInstructions }: Inputs,
  references: { config?: AgentConfig },
): Record<string, Effective<unknown> | undefined> {
  const origins = [
    ...(sharedInstructions ? [fromConfig(references)] : []),
    ...(instructions ? [FROM_RUN] : []),
  ];
  return {
    instructions:
      origins.length === 0
        ? undefined
        : { value: [sharedInstructions, instructions].filter(Boolean), from: origins.join(", then ") },
    ...named("mcpServers", mcpServers, ({ command, url }) => command ?? url),
    ...named("skills", skills, ({ configMapRef }) => `ConfigMap ${configMapRef.name}`),
  };
}

function named<T extends { name: string }>(
  field: string,
  values: readonly Effective<T>[],
  show: (value: T) => unknown,
): Record<string, Effective<unknown>> {
  return Object.fromEntries(
    values.map(({ value, from }) => [`${field}.${value.name}`, { value: show(value), from }]),
  );
}
