import type { AgentType } from "../../api/agent-types.ts";
import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import type { EnvVar, LocalKeyRef } from "../../kube/builtin.ts";

import { configEnv } from "../config-env.ts";
import { secretsOf, type UserVolumes } from "../specs/user-volumes.ts";
import { inputsOf } from "./inputs.ts";
import { APP_KEYS } from "../specs/app-token-task.ts";
import { volumesOf } from "./run-volumes.ts";

const BUILT_IN_AGENT: AgentType = "claude";

/** The agent of a run: its own, else its namespace's, else claude. */
export function agentOf(run: AgentRun, config: AgentConfig | undefined): AgentType {
  return run.spec.agent ?? config?.spec?.defaultAgent ?? BUILT_IN_AGENT;
}

/** The AgentProvider that a run names or inherits; undefined with an inline provider or none. */
export function providerNameOf(run: AgentRun, config: AgentConfig | undefined): string | undefined {
  if (run.spec.provider) return undefined;
  return run.spec.providerRef ?? config?.spec?.defaultProviders?.[agentOf(run, config)];
}

/** The key of a Secret that must exist before the run can start, and what it is for. */
export interface SecretNeed {
  /** Without a key: the Secret itself. */
  ref: { name: string; key?: string };
  purpose: string;
}

/** One that names its key. */
export interface KeyNeed extends SecretNeed {
  ref: LocalKeyRef;
}

/** Every Secret key that the run's containers will read. Optional ones are left out. */
export function secretsNeeded(
  run: AgentRun,
  references: { config?: AgentConfig; provider?: AgentProvider; workspace?: AgentWorkspace },
): SecretNeed[] {
  const { config, provider, workspace } = references;
  const needs: SecretNeed[] = [];
  const token = run.spec.provider?.authSecretRef ?? provider?.spec.authTokenSecretRef;
  if (token) needs.push({ ref: token, purpose: "the provider's credential" });
  const repository = run.spec.repository ?? workspace?.spec.repository;
  if (repository) needs.push(...repositoryNeeds(repository));
  for (const each of run.spec.additionalRepositories ?? [])
    needs.push(...repositoryNeeds(each, `additional repository ${each.name}`));
  needs.push(...publishNeeds(run));
  needs.push(...variableNeeds(run.spec.verify?.env, (name) => `the verification's variable ${name}`));
  for (const { name: service, env } of run.spec.services ?? [])
    needs.push(...variableNeeds(env, (name) => `variable ${name} of service ${service}`));
  const prompt = run.spec.promptFrom?.secretKeyRef;
  if (prompt) needs.push({ ref: prompt, purpose: "the prompt" });
  for (const { value } of inputsOf(run, config, agentOf(run, config)).mcpServers) {
    const { name, env = [], headers = [] } = value;
    for (const { secretKeyRef: ref } of [...env, ...headers]) {
      if (ref) needs.push({ ref, purpose: `a value of the MCP server ${name}` });
    }
  }
  for (const volume of volumesOf(run, config)?.volumes ?? []) needs.push(...volumeNeeds(volume));
  needs.push(...variableNeeds(envOf(run, config), (name) => `the environment variable ${name}`));
  return needs;
}

/** What the containers need that fetch from a repository. */
export function repositoryNeeds(
  {
    credentialsSecretRef: ref,
    githubAppRef: app,
  }: Pick<AgentWorkspace["spec"]["repository"], "credentialsSecretRef" | "githubAppRef">,
  which?: string,
): KeyNeed[] {
  const whose = which === undefined ? "the repository's credentials" : `the credentials of ${which}`;
  return [
    ...(ref ? [{ ref, purpose: whose }] : []),
    ...(app ? appNeeds(app.name, which && `the GitHub App of ${which}`) : []),
  ];
}

/** Every key that a GitHub App has to have. */
export function appNeeds(name: string, purpose = "the GitHub App"): KeyNeed[] {
  const { id, installation, privateKey } = APP_KEYS;
  return [id, installation, privateKey].map((key) => ({ ref: { name, key }, purpose }));
}

function volumeNeeds(volume: UserVolumes["volumes"][number]): SecretNeed[] {
  const purpose = `files of the volume ${volume.name}`;
  return secretsOf(volume).flatMap(({ name, items, optional }) => {
    if (optional) return [];
    return items ? items.map(({ key }) => ({ ref: { name, key }, purpose })) : [{ ref: { name }, purpose }];
  });
}

/** What these variables need, optional ones left out. */
function variableNeeds(env: readonly EnvVar[] = [], purposeOf: (name: string) => string): SecretNeed[] {
  return env.flatMap(({ name, valueFrom }) => {
    const ref = valueFrom?.secretKeyRef;
    return ref && ref.optional !== true ? [{ ref, purpose: purposeOf(name) }] : [];
  });
}

/** What of them is left when the agent has ended. */
export function publishNeeds({ spec }: AgentRun): KeyNeed[] {
  const { credentialsSecretRef, githubAppRef, pullRequest } = spec.publish ?? {};
  const token = pullRequest?.tokenSecretRef;
  return [
    ...(credentialsSecretRef ? [{ ref: credentialsSecretRef, purpose: "the credential to push with" }] : []),
    ...(githubAppRef ? appNeeds(githubAppRef.name) : []),
    ...(token ? [{ ref: token, purpose: "the token for the pull request" }] : []),
  ];
}

/** AgentConfig's variables and the run's own, in that order. */
export function envOf(run: AgentRun, config: AgentConfig | undefined): EnvVar[] {
  return [...configEnv(config), ...(run.spec.env ?? [])];
}
