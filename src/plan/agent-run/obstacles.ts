import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { AGENT_FEATURES, type Agent } from "../../agents/agent.ts";
import type { Reason } from "../../api/reasons.ts";
import { placeOf } from "../place.ts";
import { repositoryOf } from "../specs/volumes.ts";
import { forgeAddress } from "../forge-address.ts";
import { hasToken, userClaims } from "../specs/user-volumes.ts";
import { homeDir, isOnSharedVolume } from "../specs/paths.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import type { ObservedRun, References } from "./observed.ts";
import { parseResultSchema } from "./result-data.ts";
import { envOf, providerNameOf, type SecretNeed, secretsNeeded } from "./references.ts";

/** Why a run cannot start: for now (`waiting`), or ever (`rejected`). `reason` is one of api/reasons. */
export interface Obstacle {
  kind: "waiting" | "rejected";
  reason: Reason;
  message: string;
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

/** Rules look at the outside of the text alone. */
export function schemaRefused({ spec }: AgentRun): Obstacle | undefined {
  if (spec.resultSchema === undefined || parseResultSchema(spec.resultSchema)?.["type"] === "object")
    return undefined;
  const message = `spec.resultSchema is no JSON schema of an object: it must be JSON with "type": "object"`;
  return { kind: "rejected", reason: "Unsupported", message };
}

/** A session that another agent has left says nothing to this one. */
export function foreignSession({ spec, status }: AgentRun, agent: Agent): Obstacle | undefined {
  const { continued } = status ?? {};
  if (!continued || continued.agent === agent.name || spec.continueFrom?.session === "Fresh")
    return undefined;
  const message =
    `AgentRun ${continued.run} was of agent ${continued.agent}, whose session ${agent.name} cannot continue: ` +
    `set continueFrom.session to Fresh, or leave agent out`;
  return { kind: "rejected", reason: "Unsupported", message };
}

/** The worktree of an earlier run of this name, which another run continues, is not to be had. */
export function checkoutTaken(run: AgentRun, { workspaceRuns = [] }: References): Obstacle | undefined {
  if (run.status?.continued) return undefined;
  const { name, uid } = run.metadata;
  const holder = workspaceRuns.find((each) => placeOf(each).name === name && placeOf(each).uid !== uid);
  if (!holder) return undefined;
  const message =
    `AgentRun ${holder.metadata.name} continues the work in the worktree of an earlier run of this name: ` +
    `choose another name for the run`;
  return { kind: "rejected", reason: "NameTaken", message };
}

/** The first Kubernetes whose nodes run native sidecars unasked. */
const FIRST_MINOR = 29;

/** An older one would run a service as a step, and wait for its end for ever. */
export function servicesUnsupported(
  { spec }: AgentRun,
  { kubernetes }: Pick<References, "kubernetes">,
): Obstacle | undefined {
  if (!spec.services?.length || !kubernetes) return undefined;
  const { major, minor } = kubernetes;
  if (major > 1 || minor >= FIRST_MINOR) return undefined;
  const message = `services need Kubernetes 1.${FIRST_MINOR} or newer, and the cluster is ${major}.${minor}`;
  return { kind: "rejected", reason: "ServicesUnsupported", message };
}

/** A cache that others write is never before a git credential; a verification names caches of its run. */
export function cachesRefused({ spec }: AgentRun, run: ResolvedRun): Obstacle | undefined {
  const { caches = [] } = run;
  if (caches.length > 0 && repositoryOf(run)?.exposeCredentialsToAgent) {
    const message =
      "the run has caches, which other runs write, and exposeCredentialsToAgent: leave one of the two out (caches: [] for none)";
    return { kind: "rejected", reason: "Unsupported", message };
  }
  const unknown = spec.verify?.caches?.find((used) => !caches.some(({ name }) => name === used));
  if (unknown === undefined) return undefined;
  const message = `verify.caches names ${unknown}, which is none of the run's caches: leave it out, or add it to caches`;
  return { kind: "rejected", reason: "Unsupported", message };
}

/** What only this pod as a whole shows of what is mounted into it. */
export function mountsRefused(run: ResolvedRun): Obstacle | undefined {
  const { caches = [], volumes = { volumes: [], mounts: [] }, workspace } = run;
  const refused = (message: string): Obstacle => ({ kind: "rejected", reason: "Unsupported", message });
  const token = volumes.volumes.find(hasToken);
  if (token && run.serviceAccountName === undefined)
    return refused(
      `the volume ${token.name} has a token of a ServiceAccount, and the run has none: set serviceAccountName`,
    );
  if (userClaims(volumes).length > 0 && repositoryOf(run)?.exposeCredentialsToAgent)
    return refused(
      "the run mounts a claim, which other pods can write, and has exposeCredentialsToAgent: leave one of the two out",
    );
  const places = [
    ...caches.map(({ name, mountPath }) => ({ what: `cache ${name}`, mountPath })),
    ...volumes.mounts.map(({ name, mountPath }) => ({ what: `volume ${name}`, mountPath })),
    ...(workspace?.sharedVolumes ?? []).map(({ name, mountPath }) => ({
      what: `shared volume ${name}`,
      mountPath,
    })),
  ];
  for (const outer of places) {
    const inner = places.find(
      (each) => each !== outer && `${each.mountPath}/`.startsWith(`${outer.mountPath}/`),
    );
    if (inner)
      return refused(
        `${inner.what} would be mounted at ${inner.mountPath}, in ${outer.what} at ${outer.mountPath}: choose another mountPath for one of them`,
      );
  }
  return undefined;
}

/** The work of runs and workspaces, and what they share, is reached by their own fields alone. */
export function claimTaken(run: ResolvedRun, { claims }: Pick<References, "claims">): Obstacle | undefined {
  const taken = userClaims(run.volumes).find((name) => claims?.get(name) === "own");
  if (taken === undefined) return undefined;
  const message = `the claim ${taken} is one that the operator has made: use continueFrom, workspaceRef or caches, or name another claim`;
  return { kind: "rejected", reason: "Unsupported", message };
}

/** What an agent finds there is of this run; another run's would lead it astray. */
export function sharedOwnDirectory(run: ResolvedRun, { name, entrypoint }: Agent): Obstacle | undefined {
  const directory = entrypoint.ownDirectory;
  if (directory === undefined || !isOnSharedVolume(run, directory)) return undefined;
  const message =
    `${name} keeps what is this run's alone in ${homeDir(run)}/${directory}, where AgentWorkspace ` +
    `${run.workspace?.name} has a shared volume: use a workspace without it, or name another agent`;
  return { kind: "rejected", reason: "Unsupported", message };
}

/** What is put there is for this run; another run's agent would find it too. */
export function sharedSkills(run: ResolvedRun, agent: Agent): Obstacle | undefined {
  const folder = agent.entrypoint.skills;
  if (!run.skills || folder === undefined || agent.takesSkillsFrom || !isOnSharedVolume(run, folder))
    return undefined;
  const message =
    `${agent.name} looks for skills in ${homeDir(run)}/${folder}, where AgentWorkspace ${run.workspace?.name} has a ` +
    `shared volume: use a workspace without it, put the skills on that volume, or name another agent`;
  return { kind: "rejected", reason: "Unsupported", message };
}

/** A run without a provider that its agent can use; undefined if it has one or needs none. */
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

/** A run may carry its credential in its own variable and need no provider. */
function bringsOwnCredential(run: AgentRun, config: AgentConfig | undefined, agent: Agent): boolean {
  const variable = agent.tokenVariable({}, run.spec.model);
  return envOf(run, config).some(({ name }) => name === variable);
}

export function workspaceNotReady(
  run: AgentRun,
  workspace: AgentWorkspace | undefined,
): Obstacle | undefined {
  const name = run.spec.workspaceRef;
  if (name === undefined) return undefined;
  if (!workspace) return waiting("WorkspaceNotFound", `AgentWorkspace ${name} does not exist yet`);
  const phase = workspace.status?.phase ?? "Pending";
  if (phase === "Ready" && workspace.metadata.deletionTimestamp === undefined) return undefined;
  const state = workspace.metadata.deletionTimestamp === undefined ? phase : "being deleted";
  const detail = workspace.status?.message ? `: ${workspace.status.message}` : "";
  return waiting("WorkspaceNotReady", `AgentWorkspace ${name} is ${state}${detail}`);
}

/** The repository of a workspace is known only now; that of a run was looked at by its rules. */
export function forgeUnknown({ spec }: AgentRun, { workspace }: References): Obstacle | undefined {
  const { githubAppRef, pullRequest } = spec.publish ?? {};
  const url = (spec.repository ?? workspace?.spec.repository)?.url;
  if (url === undefined) return undefined;
  const unknown = (message: string): Obstacle => ({ kind: "rejected", reason: "ForgeUnknown", message });
  if (githubAppRef) {
    if (/^https?:/i.test(url) && forgeAddress(url, { forge: "GitHub" })) return undefined;
    return unknown(
      "publish.githubAppRef needs a repository with an https URL such as https://github.com/owner/name: name a credential in publish.credentialsSecretRef",
    );
  }
  if (!pullRequest) return undefined;
  if (!forgeAddress(url, pullRequest))
    return unknown(
      "the URL of the repository does not say where the API of its forge is: set publish.pullRequest.forge, and use an https or ssh URL of a repository there",
    );
  if (/^https?:\/\//i.test(url) || pullRequest.tokenSecretRef) return undefined;
  return unknown(
    "the repository has an ssh URL, whose credential is no token for the forge's API: set publish.pullRequest.tokenSecretRef",
  );
}

export function secretMissing(run: AgentRun, references: References): Obstacle | undefined {
  return missingSecret(secretsNeeded(run, references), references);
}

/** The first of these that is not there. */
export function missingSecret(
  needs: readonly SecretNeed[],
  references: Pick<References, "secrets">,
): Obstacle | undefined {
  for (const { ref, purpose } of needs) {
    const keys = references.secrets.get(ref.name);
    if (keys === undefined) {
      return waiting("SecretNotFound", `Secret ${ref.name}, which holds ${purpose}, does not exist yet`);
    }
    if (ref.key !== undefined && !keys.includes(ref.key)) {
      return waiting("KeyNotFound", `Secret ${ref.name} has no key ${ref.key}, which holds ${purpose}`);
    }
  }
  return undefined;
}

export function modelRequired(agent: Agent): Obstacle {
  return {
    kind: "rejected",
    reason: "ModelRequired",
    message: `${agent.name} does not start without a model: set spec.model, the provider's model or defaultModel in the AgentConfig`,
  };
}

export function agentUnknown(name: string): Obstacle {
  return {
    kind: "rejected",
    reason: "AgentMismatch",
    message: `this operator does not know the agent ${name}; upgrade it or name another agent`,
  };
}

function waiting(reason: Reason, message: string): Obstacle {
  return { kind: "waiting", reason, message };
}
