import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import type { EnvVar } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { activeConfig } from "../active-config.ts";
import type { OperatorDefaults } from "../defaults.ts";
import { alsoOwnedByRun } from "../specs/owner.ts";
import type { ObservedRun } from "./observed.ts";
import { providerNameOf, secretsNeeded } from "./references.ts";
import type { Origins } from "./resolve.ts";

/** What a run may refer to, of any namespace. */
export interface Nearby {
  configs: readonly AgentConfig[];
  providers: readonly AgentProvider[];
  workspaces: readonly AgentWorkspace[];
}

/** The run as the operator would see it if every Secret existed, its workspace was Ready and its turn had come. */
export function foreseen(
  run: AgentRun,
  { configs, providers, workspaces }: Nearby,
  defaults: OperatorDefaults,
): ObservedRun {
  const near = <T extends KubeObject>({ metadata }: T): boolean =>
    metadata.namespace === run.metadata.namespace;
  const config = activeConfig(configs.filter(near));
  const providerName = providerNameOf(run, config);
  const provider = providers.filter(near).find(({ metadata }) => metadata.name === providerName);
  const workspace = workspaces.filter(near).find(({ metadata }) => metadata.name === run.spec.workspaceRef);
  const found = { config, provider, workspace: workspace && ready(workspace) };
  const secrets = new Map<string, string[]>();
  for (const { ref } of secretsNeeded(run, found))
    secrets.set(ref.name, [...(secrets.get(ref.name) ?? []), ref.key ?? ""]);
  return {
    run: withEndedDependencies(run),
    references: { ...found, secrets },
    continuation: continuationOf(run, found.workspace),
    defaults,
    // As if its start were counted already.
    starts: { metadata: { labels: run.metadata.labels }, data: { [run.metadata.uid ?? ""]: "0" } },
    now: 0,
  };
}

function continuationOf(run: AgentRun, workspace: AgentWorkspace | undefined): ObservedRun["continuation"] {
  const { continued } = run.status ?? {};
  if (!continued) return undefined;
  if (workspace) return { workspace: { ...workspace, metadata: { ...workspace.metadata, uid: undefined } } };
  const { name = "", uid = "" } = run.metadata;
  return { claim: { metadata: { ownerReferences: [alsoOwnedByRun({ name, uid })] } } };
}

/** As if all that it depends on had succeeded. */
function withEndedDependencies(run: AgentRun): AgentRun {
  const dependencies = (run.spec.dependsOn ?? []).map((each) => ({
    run: each.run,
    phase: "Succeeded" as const,
  }));
  return dependencies.length === 0
    ? run
    : { ...run, status: { ...(run.status ?? { phase: "Pending" }), dependencies } };
}

function ready(workspace: AgentWorkspace): AgentWorkspace {
  return { ...workspace, status: { ...workspace.status, phase: "Ready" } };
}

/** In the place of a value that is, or may be, a secret. */
export const MASKED = "***";
export const SECRET_NAME = /TOKEN|KEY|SECRET|PASSWORD|CREDENTIAL/;

/** A value that a run starts with, as text, and which object or default it came from. */
export interface Shown {
  field: string;
  value: string;
  from: string;
}

/** The values as text, without those of variables whose names say that they are secret. */
export function shownValues(origins: Origins): Shown[] {
  return Object.entries(origins).map(([field, { value, from }]) => ({
    field,
    value: field.startsWith("env.") ? shownVariable(value as EnvVar) : shown(value),
    from,
  }));
}

function shown(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function shownVariable({ name, value }: EnvVar): string {
  if (value === undefined) return "from a reference";
  return SECRET_NAME.test(name) ? MASKED : value;
}
