import { agentOfType } from "../agents/registry.ts";
import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentProvider } from "../api/agent-provider.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { AgentType } from "../api/agent-types.ts";
import type { AgentWorkspace } from "../api/agent-workspace.ts";
import { API_GROUP, API_VERSION } from "../api/group.ts";
import type { Secret } from "../kube/builtin.ts";

export const DEMO_NAMESPACE = "default";

const OUR_API_VERSION = `${API_GROUP}/${API_VERSION}`;

/** How the demo's agents reach a model. */
export interface ModelSetup {
  agents: readonly AgentType[];
  /** The model service's key; the scripted one takes any. */
  apiKey: string;
  isLive: boolean;
  /** The variable for the key; undefined: the agent's usual one. */
  keyVariable: string | undefined;
  /** Where the model service answers, without `/v1`; undefined: the agents' own. */
  modelUrl: string | undefined;
  /** Asked for by name, so that the agents know its price; undefined: their own choice. */
  model: string | undefined;
}

/** What a namespace needs before its runs: a key, a provider, defaults. */
export interface NamespaceObjects {
  secret: Secret;
  provider: AgentProvider;
  config: AgentConfig;
}

/** The address in the variable of each agent's. */
function addresses(agents: readonly AgentType[], url: string): Record<string, string> {
  const names = agents.flatMap((agent) => agentOfType(agent).demo?.baseUrl ?? []);
  return Object.fromEntries(names.map((name) => [name, url]));
}

/** One run, as a user would ask for it. */
export interface RunSetup {
  name: string;
  agent: AgentType;
  prompt: string;
}

/** The manifests that make a namespace ready for runs. */
export function buildNamespaceObjects({ agents, ...setup }: ModelSetup): NamespaceObjects {
  const namespace = DEMO_NAMESPACE;
  return {
    secret: {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "model-credentials", namespace },
      type: "Opaque",
      stringData: { "api-key": setup.apiKey },
    },
    provider: {
      apiVersion: OUR_API_VERSION,
      kind: "AgentProvider",
      metadata: { name: "model", namespace },
      spec: {
        displayName: setup.isLive ? "Model service" : "Scripted model",
        agentTypes: [...agents],
        authTokenSecretRef: { name: "model-credentials", key: "api-key" },
        ...(setup.keyVariable === undefined ? {} : { authTokenEnv: setup.keyVariable }),
        ...(setup.model === undefined ? {} : { model: setup.model }),
        ...(setup.modelUrl === undefined ? {} : { environment: addresses(agents, setup.modelUrl) }),
      },
    },
    config: {
      apiVersion: OUR_API_VERSION,
      kind: "AgentConfig",
      metadata: { name: "default", namespace },
      spec: {
        defaultProviders: Object.fromEntries(agents.map((agent) => [agent, "model"])),
        defaultTimeout: "10m",
        storageSize: "1Gi",
        gitIdentity: { name: "Agent Operator Demo", email: "demo@example.com" },
      },
    },
  };
}

interface Source {
  url: string;
  branch: string;
}

/** A run with its own clone. */
export function buildRun({ name, agent, prompt }: RunSetup, repository: Source): AgentRun {
  return {
    apiVersion: OUR_API_VERSION,
    kind: "AgentRun",
    metadata: { name, namespace: DEMO_NAMESPACE },
    spec: { agent, repository, prompt, timeout: "5m" },
  };
}

/** A run whose work is verified, pushed to a branch, and proposed in a pull request. */
export function buildPublishedRun(setup: RunSetup, repository: Source): AgentRun {
  const { spec, ...run } = buildRun(setup, repository);
  return {
    ...run,
    spec: {
      ...spec,
      verify: { command: ["./test.sh"], feedback: { attempts: 2 } },
      publish: {
        credentialsSecretRef: FORGE_SECRET,
        pullRequest: { forge: "Gitea", title: "Spell the greeting right" },
      },
    },
  };
}

const FORGE_SECRET = { name: "forge-push", key: "token" };

/** The Secret that such a run pushes with. */
export function buildForgeSecret(token: string): Secret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: FORGE_SECRET.name, namespace: DEMO_NAMESPACE },
    type: "Opaque",
    stringData: { [FORGE_SECRET.key]: token },
  };
}

/** A checkout that runs share, with a volume for the configuration of their agents. */
export function buildWorkspace(name: string, { url, branch }: Source): AgentWorkspace {
  return {
    apiVersion: OUR_API_VERSION,
    kind: "AgentWorkspace",
    metadata: { name, namespace: DEMO_NAMESPACE },
    spec: {
      repository: { url, branch },
      storageClass: "nfs-csi",
      storageSize: "1Gi",
      sharedVolumes: [{ name: "claude-config", mountPath: "/root/.claude" }],
    },
  };
}

/** A run in a worktree of that workspace, on a branch named after it. */
export function buildWorkspaceRun({ name, agent, prompt }: RunSetup, workspaceRef: string): AgentRun {
  return {
    apiVersion: OUR_API_VERSION,
    kind: "AgentRun",
    metadata: { name, namespace: DEMO_NAMESPACE },
    spec: { agent, workspaceRef, worktree: { branch: `agent/${name}` }, prompt, timeout: "5m" },
  };
}
