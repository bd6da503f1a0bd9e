import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentProvider } from "../api/agent-provider.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { AgentType } from "../api/agent-types.ts";
import { API_GROUP, API_VERSION } from "../api/group.ts";
import type { Secret } from "../kube/builtin.ts";

export const DEMO_NAMESPACE = "default";

const apiVersion = `${API_GROUP}/${API_VERSION}`;

/** What the demo's objects differ in. */
export interface DemoSetup {
  agent: AgentType;
  runName: string;
  prompt: string;
  repository: { url: string; branch: string };
  /** The model service's key; the scripted one takes any. */
  apiKey: string;
  /** Where the model service answers, without `/v1`; undefined: Anthropic's own. */
  modelUrl: string | undefined;
  /** Asked for by name, so that both agents know its price. */
  model: string;
}

/** The four objects of the demo, as a user would write them. */
export interface DemoObjects {
  secret: Secret;
  provider: AgentProvider;
  config: AgentConfig;
  run: AgentRun;
}

/** The manifests that the demo applies. */
export function buildDemoObjects(setup: DemoSetup): DemoObjects {
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
      apiVersion,
      kind: "AgentProvider",
      metadata: { name: "model", namespace },
      spec: {
        displayName: setup.modelUrl === undefined ? "Anthropic" : "Scripted model",
        agentTypes: [setup.agent],
        authTokenSecretRef: { name: "model-credentials", key: "api-key" },
        model: setup.model,
        ...(setup.modelUrl === undefined ? {} : { environment: { ANTHROPIC_BASE_URL: setup.modelUrl } }),
      },
    },
    config: {
      apiVersion,
      kind: "AgentConfig",
      metadata: { name: "default", namespace },
      spec: {
        defaultProviders: { [setup.agent]: "model" },
        defaultTimeout: "10m",
        storageSize: "1Gi",
        gitIdentity: { name: "Agent Operator Demo", email: "demo@example.com" },
      },
    },
    run: {
      apiVersion,
      kind: "AgentRun",
      metadata: { name: setup.runName, namespace },
      spec: { agent: setup.agent, repository: setup.repository, prompt: setup.prompt, timeout: "5m" },
    },
  };
}
