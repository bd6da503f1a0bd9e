import { AGENT_TYPES } from "../api/agent-types.ts";
import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentProvider } from "../api/agent-provider.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import { agentNamed } from "../agents/registry.ts";
import { isDeleting } from "../kube/objects.ts";
import { activeConfig } from "./active-config.ts";
import { agentOf, providerNameOf, repositoryNeeds, secretsNeeded } from "./agent-run/references.ts";
import { providerMissing, unsupported } from "./agent-run/obstacles.ts";
import { isFinished } from "./agent-run/status.ts";

/** What a write asks for and what its namespace holds, as far as the caches know. */
export type ObservedAdmission =
  | { action: "createRun"; run: AgentRun; contents: NamespaceContents; workspace?: AgentWorkspace }
  | { action: "writeWorkspace"; workspace: AgentWorkspace; contents: NamespaceContents }
  /** `runs` are those that name the workspace. */
  | { action: "deleteWorkspace"; workspace: AgentWorkspace; runs: readonly AgentRun[] }
  | { action: "writeProvider"; provider: AgentProvider; contents: NamespaceContents }
  | { action: "writeConfig"; config: AgentConfig; contents: NamespaceContents };

/** The other objects of the namespace. */
export interface NamespaceContents {
  providers: readonly AgentProvider[];
  configs: readonly AgentConfig[];
  /** Whether a Secret of this name exists. */
  hasSecret: (name: string) => boolean;
}

export interface Verdict {
  /** Always: whatever depends on other objects may still come right, in any order. */
  allowed: true;
  /** At most ten, each of at most 256 characters: what API servers pass on whole. */
  warnings: string[];
}

const MAX_WARNINGS = 10;
const MAX_WARNING_LENGTH = 256;
/** Names in a warning. */
const MAX_NAMES = 5;
/** An object that is only about to be created is younger than any other. */
const NOT_YET_CREATED = "9999-12-31T23:59:59Z";

/** What to warn of that needs other objects than the one that is written; total. */
export function reviewAdmission(observed: ObservedAdmission): Verdict {
  const warnings = [...new Set(warningsOf(observed))];
  return { allowed: true, warnings: warnings.slice(0, MAX_WARNINGS).map(cut) };
}

function warningsOf(observed: ObservedAdmission): string[] {
  switch (observed.action) {
    case "createRun":
      return ofRun(observed.run, observed.contents, observed.workspace);
    case "writeWorkspace":
      return ofWorkspace(observed.workspace, observed.contents);
    case "deleteWorkspace":
      return ofDeletion(observed.workspace, observed.runs);
    case "writeProvider":
      return ofProvider(observed.provider, observed.contents);
    case "writeConfig":
      return ofConfig(observed.config, observed.contents);
  }
}

function ofRun(run: AgentRun, contents: NamespaceContents, workspace: AgentWorkspace | undefined): string[] {
  const config = chosenConfig(contents.configs);
  const agent = agentNamed(agentOf(run, config));
  if (!agent) return [];
  const providers = new Map(contents.providers.map((each) => [each.metadata.name, each]));
  const named = providerNameOf(run, config);
  const provider = named === undefined ? undefined : providers.get(named);
  const references = { config, provider, workspace, secrets: new Map() };
  const obstacles = [unsupported(run, agent), providerMissing({ run, references }, agent)];
  return [
    ...openKeys(run.spec.provider?.environment, "provider.environment"),
    ...obstacles
      .filter((obstacle) => obstacle !== undefined)
      .map(({ kind, message }) => `the run will ${kind === "rejected" ? "fail" : "wait"}: ${message}`),
    ...ofWorkspaceRef(run, workspace),
    ...secretsNeeded(run, references)
      .filter(({ ref }) => !contents.hasSecret(ref.name))
      .map(
        ({ ref, purpose }) =>
          `the run will wait: Secret ${ref.name}, which holds ${purpose}, does not exist yet`,
      ),
  ];
}

/** How variables that hold keys are named; ANTHROPIC_AUTH_TOKEN is one, MAX_THINKING_TOKENS is none. */
const KEY_NAME = /(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$/i;

/** Whoever may read the object reads them. The value itself is not shown. */
function openKeys(environment: Readonly<Record<string, string>> | undefined, field: string): string[] {
  return Object.entries(environment ?? {})
    .filter(([name, value]) => KEY_NAME.test(name) && value !== "" && !value.includes("$("))
    .map(
      ([name]) =>
        `${field}.${name} looks like a key that everybody who may read this object can see: put it into a Secret`,
    );
}

/** One that is still being prepared is no surprise. */
function ofWorkspaceRef({ spec }: AgentRun, workspace: AgentWorkspace | undefined): string[] {
  const name = spec.workspaceRef;
  if (name === undefined) return [];
  if (!workspace) return [`the run will wait: AgentWorkspace ${name} does not exist yet`];
  return isDeleting(workspace) ? [`the run will wait: AgentWorkspace ${name} is being deleted`] : [];
}

function ofWorkspace({ spec }: AgentWorkspace, { hasSecret }: NamespaceContents): string[] {
  return repositoryNeeds(spec.repository)
    .filter(({ ref }) => !hasSecret(ref.name))
    .map(
      ({ ref, purpose }) =>
        `the workspace will wait: Secret ${ref.name}, which holds ${purpose}, does not exist yet`,
    );
}

function ofDeletion({ metadata }: AgentWorkspace, runs: readonly AgentRun[]): string[] {
  const unfinished = runs.filter((run) => !isFinished(run) && !isDeleting(run));
  const isAtWork = (run: AgentRun): boolean => run.status?.jobName !== undefined;
  const atWork = unfinished.filter(isAtWork);
  const waiting = unfinished.filter((run) => !isAtWork(run));
  const workspace = `AgentWorkspace ${metadata.name}`;
  return [
    ...(atWork.length === 0
      ? []
      : [`the deletion of ${workspace} waits for AgentRuns at work in it: ${listed(atWork)}`]),
    ...(waiting.length === 0
      ? []
      : [`AgentRuns wait for ${workspace} and will go on waiting: ${listed(waiting)}`]),
  ];
}

function ofProvider({ metadata, spec }: AgentProvider, { configs, hasSecret }: NamespaceContents): string[] {
  const secret = spec.authTokenSecretRef?.name;
  const config = chosenConfig(configs);
  const mismatched = AGENT_TYPES.filter(
    (agent) =>
      config?.spec?.defaultProviders?.[agent] === metadata.name && spec.agentTypes?.includes(agent) === false,
  );
  return [
    ...openKeys(spec.environment, "environment"),
    ...(secret === undefined || hasSecret(secret)
      ? []
      : [`the provider is not ready: Secret ${secret} does not exist yet`]),
    ...mismatched.map(
      (agent) =>
        `AgentConfig ${config?.metadata.name} makes this provider the default of ${agent}, which agentTypes leaves out`,
    ),
  ];
}

function ofConfig(config: AgentConfig, contents: NamespaceContents): string[] {
  const { name } = config.metadata;
  const others = contents.configs.filter((each) => each.metadata.name !== name);
  const self = { ...config, metadata: { creationTimestamp: NOT_YET_CREATED, ...config.metadata } };
  const chosen = chosenConfig([...others, self])?.metadata.name;
  if (chosen !== name)
    return [`the namespace's runs use AgentConfig ${chosen}; this one has no effect, since only one counts`];
  const displaced = chosenConfig(others)?.metadata.name;
  return [
    ...(displaced === undefined
      ? []
      : [`AgentConfig ${displaced} has no effect beside this one, since only one counts`]),
    ...AGENT_TYPES.flatMap((agent) => ofDefaultProvider(config, contents, agent)),
  ];
}

function ofDefaultProvider(
  { spec }: AgentConfig,
  { providers }: NamespaceContents,
  agent: (typeof AGENT_TYPES)[number],
): string[] {
  const wanted = spec?.defaultProviders?.[agent];
  if (wanted === undefined) return [];
  const provider = providers.find(({ metadata }) => metadata.name === wanted);
  if (!provider) return [`defaultProviders.${agent}: AgentProvider ${wanted} does not exist yet`];
  const { agentTypes } = provider.spec;
  return agentTypes?.includes(agent) === false
    ? [`defaultProviders.${agent}: AgentProvider ${wanted} is for ${agentTypes.join(", ")}, not for ${agent}`]
    : [];
}

function chosenConfig(configs: readonly AgentConfig[]): AgentConfig | undefined {
  return activeConfig(configs.filter((config) => !isDeleting(config)));
}

function listed(runs: readonly AgentRun[]): string {
  const names = runs.map(({ metadata }) => metadata.name ?? "").toSorted();
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
  return names.slice(0, MAX_NAMES).join(", ") + more;
}

function cut(text: string): string {
  return text.length <= MAX_WARNING_LENGTH ? text : `${text.slice(0, MAX_WARNING_LENGTH - 1)}…`;
}
