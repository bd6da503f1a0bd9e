import { ANNOTATION_EVENT } from "../../api/labels.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { Agent } from "../../agents/agent.ts";
import { agentNamed } from "../../agents/registry.ts";
import type { EnvVar, LocalKeyRef } from "../../kube/builtin.ts";
import { parseDuration } from "../../kube/duration.ts";
import { sharedClaimName, workspaceClaimName } from "../specs/names.ts";
import type { KeySource, ResolvedProvider, ResolvedRun, ResolvedWorkspace } from "../resolved-run.ts";
import {
  type Effective,
  type EffectiveDefaults,
  effectiveDefaults,
  effectiveEnv,
  FROM_RUN,
  fromConfig,
  cachesOf,
  fromProvider,
  podFieldsOf,
} from "./effective.ts";
import { placeOf } from "../place.ts";
import { resolveAdditional, resolveRepository } from "../repository.ts";
import { withCaches } from "../specs/caches.ts";
import { releasedBy } from "./released-runs.ts";
import type { ObservedRun, References } from "./observed.ts";
import {
  agentUnknown,
  cachesRefused,
  checkoutTaken,
  foreignSession,
  forgeUnknown,
  claimTaken,
  modelRequired,
  schemaRefused,
  mountsRefused,
  type Obstacle,
  providerMissing,
  secretMissing,
  servicesUnsupported,
  sharedOwnDirectory,
  sharedSkills,
  unsupported,
  workspaceNotReady,
} from "./obstacles.ts";
import { type Inputs, inputOrigins, inputsOf, type Instructions } from "./inputs.ts";
import { volumesOf } from "./run-volumes.ts";
import { parseResultSchema } from "./result-data.ts";
import { resolveSetup } from "./resolve-setup.ts";
import { feedbackOf } from "./feedback.ts";
import { timeLeft } from "./retry.ts";
import { agentOf } from "./references.ts";

export type Resolution = { resolved: ResolvedRun; origins: Origins } | { obstacle: Obstacle };

/** Every value that a run starts with and could have from somewhere else, by its name. */
export type Origins = Readonly<Record<string, Effective<unknown>>>;

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
    schemaRefused(run) ??
    foreignSession(run, agent) ??
    checkoutTaken(run, references) ??
    servicesUnsupported(run, references) ??
    providerMissing(observed, agent) ??
    workspaceNotReady(run, references.workspace) ??
    forgeUnknown(run, references) ??
    secretMissing(run, references);
  if (obstacle) return { obstacle };

  const environment = providerEnvironment(run, references.provider);
  const model = chooseModel(observed, agent, environment);
  if (model === undefined && agent.requiresModel) return { obstacle: modelRequired(agent) };

  const provider = resolveProvider(run, references.provider, agent, model);
  const given: Given = {
    agent,
    model,
    provider,
    defaults: effectiveDefaults(observed),
    env: effectiveEnv(observed, provider?.token?.variable),
    inputs: inputsOf(run, references.config, agent.name),
  };
  const resolved = assemble(observed, given);
  const shared =
    sharedOwnDirectory(resolved, agent) ??
    mountsRefused(resolved) ??
    claimTaken(resolved, references) ??
    sharedSkills(resolved, agent) ??
    cachesRefused(run, resolved);
  return shared ? { obstacle: shared } : { resolved, origins: originsOf(observed, given) };
}

/** What was found out before the run is put together. */
interface Given {
  agent: Agent;
  model?: string;
  provider?: ResolvedProvider;
  defaults: EffectiveDefaults;
  env: readonly Effective<EnvVar>[];
  inputs: Inputs;
}

function assemble(observed: ObservedRun, given: Given): ResolvedRun {
  const { agent, model, provider, defaults, env, inputs } = given;
  const { run, references, defaults: operator, now } = observed;
  const { spec } = run;
  const caches = cachesOf(defaults);
  const workspace = references.workspace && resolveWorkspace(references.workspace, operator);
  return {
    namespace: run.metadata.namespace ?? "",
    name: run.metadata.name ?? "",
    uid: run.metadata.uid ?? "",
    ...(run.status?.continued && { place: placeOf(run), leftBy: run.status.continued.leftBy }),
    agent: agent.name,
    prompt: spec.prompt,
    promptFrom: spec.promptFrom && keySource(spec.promptFrom),
    feedback: feedbackOf(run),
    systemPrompt: spec.systemPrompt,
    sharedInstructions: inputs.sharedInstructions && resolveInstructions(inputs.sharedInstructions),
    instructions: inputs.instructions && resolveInstructions(inputs.instructions),
    mcpServers: inputs.mcpServers.map(({ value }) => value),
    skills: inputs.skills.length === 0 ? undefined : inputs.skills.map(({ value }) => value),
    command: spec.command,
    args: spec.args ?? [],
    model,
    maxTurns: spec.maxTurns,
    resultSchema: spec.resultSchema && JSON.stringify(parseResultSchema(spec.resultSchema)),
    provider,
    repository: spec.repository && resolveRepository(spec.repository, operator),
    additional: resolveAdditional(run, operator),
    workspace,
    worktree: spec.worktree && {
      branch: spec.worktree.branch,
      sourceBranch: spec.worktree.sourceBranch,
      releasedBy: releasedBy(run, references),
    },
    dependsOn: spec.dependsOn?.map((each) => each.run),
    ...(run.metadata.annotations?.[ANNOTATION_EVENT] === "true" && { hasEvent: true }),
    env: env.map(({ value }) => value),
    setup: resolveSetup(observed, defaults),
    services: spec.services,
    caBundle: defaults.caBundle?.value,
    image: defaults.image.value,
    gitImage: operator.gitImage,
    gitResources: defaults.gitResources.value,
    timeoutSeconds: timeLeft(run, timeoutSecondsOf(defaults), now),
    queueName: spec.queueName,
    keepSession: spec.keepSession !== false,
    ...sessionOf(run, agent),
    stallSeconds: spec.stallTimeout === undefined ? undefined : parseDuration(spec.stallTimeout),
    trustRepositoryConfig: defaults.trustRepositoryConfig.value,
    gitIdentity: defaults.gitIdentity.value,
    storage: { className: defaults.storageClass?.value, size: defaults.storageSize.value },
    resources: defaults.resources?.value,
    caches,
    volumes: volumesOf(run, references.config),
    pod: withCaches(podFieldsOf(defaults), caches),
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations,
    runtimeClassName: defaults.runtimeClassName?.value,
    priorityClassName: defaults.priorityClassName?.value,
    serviceAccountName: defaults.serviceAccountName?.value,
    imagePullSecrets: defaults.imagePullSecrets?.value,
    podSecurityContext: defaults.podSecurityContext?.value,
  };
}

/** The session that goes on: an earlier attempt's, else that of the run that is continued. */
function sessionOf(
  { spec, status }: AgentRun,
  agent: Agent,
): Pick<ResolvedRun, "resumeSession" | "isInterrupted"> {
  const own = spec.keepSession === false ? undefined : status?.attempts?.at(-1)?.result?.sessionId;
  if (own !== undefined) return { resumeSession: own, isInterrupted: true };
  const { continued } = status ?? {};
  const isTaken = spec.continueFrom?.session !== "Fresh" && continued?.agent === agent.name;
  return { resumeSession: isTaken ? continued.sessionId : undefined };
}

/** The schema lets exactly one of the two be set. */
function keySource(from: {
  secretKeyRef?: LocalKeyRef;
  configMapKeyRef?: LocalKeyRef;
}): KeySource | undefined {
  if (from.secretKeyRef) return { secret: from.secretKeyRef };
  return from.configMapKeyRef && { configMap: from.configMapKeyRef };
}

function resolveInstructions(from: Instructions): ResolvedRun["instructions"] {
  return from.text === undefined ? keySource(from) : { text: from.text };
}

function originsOf(
  { run, references }: ObservedRun,
  { agent, model, provider, defaults, env, inputs }: Given,
): Origins {
  const { spec } = run;
  const config = fromConfig(references);
  const origins: Record<string, Effective<unknown> | undefined> = {
    agent: { value: agent.name, from: agentOrigin(run, references) },
    command: spec.command && { value: spec.command, from: FROM_RUN },
    provider: provider && {
      value: provider.name,
      from: spec.provider ? `${FROM_RUN}, inline` : spec.providerRef === undefined ? config : FROM_RUN,
    },
    model: model === undefined ? undefined : { value: model, from: modelOrigin(run, references, model) },
    credential: provider?.token && {
      value: `${provider.token.variable} from Secret ${provider.token.secret.name}, key ${provider.token.secret.key}`,
      from: fromProvider(references.provider),
    },
    ...defaults,
    ...inputOrigins(inputs, references),
    timeout: { ...defaults.timeout, value: `${timeoutSecondsOf(defaults)}s` },
    // A run on a workspace has no claim.
    ...(spec.repository ? {} : { storageClass: undefined, storageSize: undefined }),
    ...Object.fromEntries(env.map(({ value, from }) => [`env.${value.name}`, { value, from }])),
  };
  return Object.fromEntries(
    Object.entries(origins).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function timeoutSecondsOf({ timeout }: EffectiveDefaults): number {
  return parseDuration(timeout.value) ?? 3600;
}

function agentOrigin({ spec }: AgentRun, references: References): string {
  if (spec.agent !== undefined) return FROM_RUN;
  return references.config?.spec?.defaultAgent === undefined ? "built in" : fromConfig(references);
}

/** The agent has chosen the model; here is which of the candidates it took. */
function modelOrigin({ spec }: AgentRun, references: References, model: string): string {
  const ofProvider = fromProvider(references.provider);
  if (model === spec.model) return FROM_RUN;
  if (model === (spec.provider?.model ?? references.provider?.spec.model)) return ofProvider;
  return model === references.config?.spec?.defaultModel
    ? fromConfig(references)
    : `${ofProvider}, environment`;
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

function resolveWorkspace(
  { metadata, spec }: AgentWorkspace,
  operator: ObservedRun["defaults"],
): ResolvedWorkspace {
  const name = metadata.name ?? "";
  return {
    name,
    claimName: workspaceClaimName(name),
    repository: resolveRepository(spec.repository, operator),
    sharedVolumes: (spec.sharedVolumes ?? []).map((volume) => ({
      name: volume.name,
      claimName: sharedClaimName(name, volume.name),
      mountPath: volume.mountPath,
    })),
    accessMode: spec.accessMode ?? "ReadWriteMany",
  };
}
