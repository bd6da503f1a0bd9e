import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import { AGENT_FEATURES, type Agent } from "../../agents/agent.ts";
import type { Reason } from "../../api/reasons.ts";
import { agentNamed } from "../../agents/registry.ts";
import type { EnvVar, LocalKeyRef } from "../../kube/builtin.ts";
import { parseDuration } from "../../kube/duration.ts";
import { mergeEnv } from "../specs/env.ts";
import { sharedClaimName, workspaceClaimName } from "../specs/names.ts";
import { homeDir, isOnSharedVolume } from "../specs/paths.ts";
import type {
  KeySource,
  ResolvedProvider,
  ResolvedRepository,
  ResolvedRun,
  ResolvedWorkspace,
} from "../resolved-run.ts";
import { releasedBy } from "./neighbours.ts";
import type { ObservedRun, References } from "./observed.ts";
import { timeLeft } from "./retry.ts";
import { agentOf, envOf, providerNameOf, secretsNeeded } from "./references.ts";

const BUILT_IN_TIMEOUT = "1h";
/** Of a run's claim, and of a workspace's. */
export const BUILT_IN_STORAGE = "10Gi";
const BUILT_IN_IDENTITY = { name: "Agent Operator", email: "agent-operator@localhost" };

/** Why a run cannot start: for now (`waiting`), or ever (`rejected`). `reason` is one of api/reasons. */
export interface Obstacle {
  kind: "waiting" | "rejected";
  reason: Reason;
  message: string;
}

export type Resolution = { resolved: ResolvedRun } | { obstacle: Obstacle };

/**
 * Follows a run's references and applies every default: AgentRun.spec, then AgentConfig, then the
 * operator's flags, then the built-in value. The first obstacle is the answer.
 */
export function resolveRun(observed: ObservedRun): Resolution {
  const { run, references } = observed;
  const { config } = references;
  const agent = agentNamed(agentOf(run, config));
  if (!agent) return { obstacle: agentUnknown(agentOf(run, config)) };
  const obstacle =
    unsupported(run, agent) ??
    configUnreadable(references) ??
    providerMissing(observed, agent) ??
    workspaceNotReady(run, references.workspace) ??
    secretMissing(run, references);
  if (obstacle) return { obstacle };

  const environment = providerEnvironment(run, references.provider);
  const model = chooseModel(observed, agent, environment);
  if (model === undefined && agent.requiresModel) return { obstacle: modelRequired(agent) };

  const provider = resolveProvider(run, references.provider, agent, model);
  const resolved = assemble(observed, agent, model, provider);
  const shared = sharedOwnDirectory(resolved, agent);
  return shared ? { obstacle: shared } : { resolved };
}

function assemble(
  { run, references, defaults, now }: ObservedRun,
  agent: Agent,
  model: string | undefined,
  provider: ResolvedProvider | undefined,
): ResolvedRun {
  const { spec } = run;
  const config = references.config?.spec;
  const workspace = references.workspace && resolveWorkspace(references.workspace);
  return {
    namespace: run.metadata.namespace ?? "",
    name: run.metadata.name ?? "",
    uid: run.metadata.uid ?? "",
    agent: agent.name,
    prompt: spec.prompt,
    promptFrom: spec.promptFrom && keySource(spec.promptFrom),
    systemPrompt: spec.systemPrompt,
    instructions: spec.instructions && resolveInstructions(spec.instructions),
    mcpServers: spec.mcpServers ?? [],
    command: spec.command,
    args: spec.args ?? [],
    model,
    maxTurns: spec.maxTurns,
    provider,
    repository: spec.repository && resolveRepository(spec.repository),
    workspace,
    worktree: spec.worktree && {
      branch: spec.worktree.branch,
      sourceBranch: spec.worktree.sourceBranch,
      releasedBy: releasedBy(run, references),
    },
    env: mergeEnv(
      inherited(config?.env ?? [], literals(provider?.environment ?? {}), provider),
      spec.env ?? [],
    ),
    image: spec.image ?? config?.defaultImage ?? defaults.agentImage,
    gitImage: defaults.gitImage,
    timeoutSeconds: timeLeft(
      run,
      parseDuration(spec.timeout ?? config?.defaultTimeout ?? BUILT_IN_TIMEOUT) ?? 3600,
      now,
    ),
    keepSession: spec.retry !== undefined,
    resumeSession: run.status?.attempts?.at(-1)?.result?.sessionId,
    stallSeconds: spec.stallTimeout === undefined ? undefined : parseDuration(spec.stallTimeout),
    trustRepositoryConfig: spec.trustRepositoryConfig ?? config?.trustRepositoryConfig ?? false,
    gitIdentity: config?.gitIdentity ?? BUILT_IN_IDENTITY,
    storage: { className: config?.storageClass, size: String(config?.storageSize ?? BUILT_IN_STORAGE) },
    resources: spec.resources ?? config?.defaultResources,
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations,
    runtimeClassName: spec.runtimeClassName ?? config?.defaultRuntimeClassName,
    priorityClassName: spec.priorityClassName ?? config?.defaultPriorityClassName,
    serviceAccountName: spec.serviceAccountName ?? config?.defaultServiceAccountName,
    imagePullSecrets: spec.imagePullSecrets ?? config?.defaultImagePullSecrets,
    podSecurityContext: spec.podSecurityContext ?? config?.defaultPodSecurityContext,
  };
}

/** The schema lets exactly one of the two be set. */
function keySource(from: {
  secretKeyRef?: LocalKeyRef;
  configMapKeyRef?: LocalKeyRef;
}): KeySource | undefined {
  if (from.secretKeyRef) return { secret: from.secretKeyRef };
  return from.configMapKeyRef && { configMap: from.configMapKeyRef };
}

function resolveInstructions(
  from: NonNullable<AgentRun["spec"]["instructions"]>,
): ResolvedRun["instructions"] {
  return from.text === undefined ? keySource(from) : { text: from.text };
}

/** AgentConfig's variables under the provider's; only the run itself may set the credential's variable. */
function inherited(
  config: EnvVar[],
  environment: EnvVar[],
  provider: ResolvedProvider | undefined,
): EnvVar[] {
  return mergeEnv(config, environment).filter(({ name }) => name !== provider?.token?.variable);
}

function literals(environment: Readonly<Record<string, string>>): EnvVar[] {
  return Object.entries(environment).map(([name, value]) => ({ name, value }));
}

/** A limit or instruction that its agent would pass over is never dropped silently. */
export function unsupported({ spec }: AgentRun, agent: Agent): Obstacle | undefined {
  for (const feature of AGENT_FEATURES) {
    if (spec[feature] === undefined || agent.features.includes(feature)) continue;
    const message = `${agent.name} cannot obey spec.${feature}: leave it out or name another agent`;
    return { kind: "rejected", reason: "Unsupported", message };
  }
  return undefined;
}

/** What an agent finds there is of this run; another run's would lead it astray. */
function sharedOwnDirectory(run: ResolvedRun, { name, entrypoint }: Agent): Obstacle | undefined {
  const directory = entrypoint.ownDirectory;
  if (directory === undefined || !isOnSharedVolume(run, directory)) return undefined;
  const message =
    `${name} keeps what is this run's alone in ${homeDir(run)}/${directory}, where AgentWorkspace ` +
    `${run.workspace?.name} has a shared volume: use a workspace without it, or name another agent`;
  return { kind: "rejected", reason: "Unsupported", message };
}

function configUnreadable({ configError }: References): Obstacle | undefined {
  return configError === undefined
    ? undefined
    : waiting("ConfigUnreadable", `the namespace's AgentConfig cannot be read: ${configError}`);
}

/** A run without a provider that its agent can use; undefined where it has one or needs none. */
export function providerMissing(
  { run, references }: Pick<ObservedRun, "run" | "references">,
  agent: Agent,
): Obstacle | undefined {
  if (run.spec.provider) return undefined;
  const { config, provider } = references;
  const name = providerNameOf(run, config);
  if (name === undefined) {
    return !agent.requiresProvider || bringsOwnCredential(run, config, agent)
      ? undefined
      : waiting(
          "ProviderRequired",
          `the run names no provider and the namespace has no default for ${agent.name}: ` +
            `set spec.providerRef or spec.provider, or defaultProviders.${agent.name} in the AgentConfig`,
        );
  }
  if (!provider) return waiting("ProviderNotFound", `AgentProvider ${name} does not exist yet`);
  const { agentTypes } = provider.spec;
  if (agentTypes && !agentTypes.includes(agent.name)) {
    return {
      kind: "rejected",
      reason: "AgentMismatch",
      message: `AgentProvider ${name} is for ${agentTypes.join(", ")}, not for ${agent.name}; name another provider or agent`,
    };
  }
  return undefined;
}

/** A run may carry its credential in a variable of its own and need no provider. */
function bringsOwnCredential(run: AgentRun, config: AgentConfig | undefined, agent: Agent): boolean {
  const variable = agent.tokenVariable({}, run.spec.model);
  return envOf(run, config).some(({ name }) => name === variable);
}

function workspaceNotReady(run: AgentRun, workspace: AgentWorkspace | undefined): Obstacle | undefined {
  const name = run.spec.workspaceRef;
  if (name === undefined) return undefined;
  if (!workspace) return waiting("WorkspaceNotFound", `AgentWorkspace ${name} does not exist yet`);
  const phase = workspace.status?.phase ?? "Pending";
  if (phase === "Ready" && workspace.metadata.deletionTimestamp === undefined) return undefined;
  const state = workspace.metadata.deletionTimestamp === undefined ? phase : "being deleted";
  const detail = workspace.status?.message ? `: ${workspace.status.message}` : "";
  return waiting("WorkspaceNotReady", `AgentWorkspace ${name} is ${state}${detail}`);
}

function secretMissing(run: AgentRun, references: References): Obstacle | undefined {
  for (const { ref, purpose } of secretsNeeded(run, references)) {
    const keys = references.secrets.get(ref.name);
    if (keys === undefined) {
      return waiting("SecretNotFound", `Secret ${ref.name}, which holds ${purpose}, does not exist yet`);
    }
    if (!keys.includes(ref.key)) {
      return waiting("KeyNotFound", `Secret ${ref.name} has no key ${ref.key}, which holds ${purpose}`);
    }
  }
  return undefined;
}

function providerEnvironment(
  run: AgentRun,
  provider: AgentProvider | undefined,
): Readonly<Record<string, string>> {
  return run.spec.provider?.environment ?? provider?.spec.environment ?? {};
}

function chooseModel(
  { run, references }: ObservedRun,
  agent: Agent,
  environment: Readonly<Record<string, string>>,
): string | undefined {
  return agent.chooseModel({
    run: run.spec.model,
    provider: run.spec.provider?.model ?? references.provider?.spec.model,
    config: references.config?.spec?.defaultModel,
    environment,
  });
}

function modelRequired(agent: Agent): Obstacle {
  return {
    kind: "rejected",
    reason: "ModelRequired",
    message: `${agent.name} does not start without a model: set spec.model, the provider's model or defaultModel in the AgentConfig`,
  };
}

function resolveProvider(
  run: AgentRun,
  provider: AgentProvider | undefined,
  agent: Agent,
  model: string | undefined,
): ResolvedProvider | undefined {
  const inline = run.spec.provider;
  const fields = inline ?? provider?.spec;
  if (!fields) return undefined;
  const environment = fields.environment ?? {};
  const secret = inline?.authSecretRef ?? provider?.spec.authTokenSecretRef;
  const variable = fields.authTokenEnv ?? agent.tokenVariable(environment, model);
  return {
    name: inline ? (inline.name ?? "inline") : (provider?.metadata.name ?? ""),
    token: secret && { variable, secret: { name: secret.name, key: secret.key } },
    environment,
    cliArgs: fields.cliArgs ?? [],
  };
}

type RepositorySpec = NonNullable<AgentRun["spec"]["repository"]> | AgentWorkspace["spec"]["repository"];

/** A repository as its spec has it, with defaults applied. */
export function resolveRepository(spec: RepositorySpec): ResolvedRepository {
  return {
    url: spec.url,
    branch: spec.branch,
    commit: "commit" in spec ? spec.commit : undefined,
    credentials: spec.credentialsSecretRef,
    caBundle: spec.caBundleRef,
    submodules: spec.submodules ?? false,
    exposeCredentialsToAgent: spec.exposeCredentialsToAgent ?? false,
  };
}

function resolveWorkspace({ metadata, spec }: AgentWorkspace): ResolvedWorkspace {
  const name = metadata.name ?? "";
  return {
    name,
    claimName: workspaceClaimName(name),
    repository: resolveRepository(spec.repository),
    sharedVolumes: (spec.sharedVolumes ?? []).map((volume) => ({
      name: volume.name,
      claimName: sharedClaimName(name, volume.name),
      mountPath: volume.mountPath,
    })),
    accessMode: spec.accessMode ?? "ReadWriteMany",
  };
}

function agentUnknown(name: string): Obstacle {
  return {
    kind: "rejected",
    reason: "AgentMismatch",
    message: `this operator does not know the agent ${name}; upgrade it or name another agent`,
  };
}

function waiting(reason: Reason, message: string): Obstacle {
  return { kind: "waiting", reason, message };
}
