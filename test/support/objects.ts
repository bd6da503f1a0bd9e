import type { AgentConfig } from "../../src/api/agent-config.ts";
import type { AgentProvider, AgentProviderSpec } from "../../src/api/agent-provider.ts";
import type { AgentRun, AgentRunSpec } from "../../src/api/agent-run.ts";
import { API_GROUP, API_VERSION } from "../../src/api/group.ts";
import type { Secret } from "../../src/kube/builtin.ts";

const apiVersion = `${API_GROUP}/${API_VERSION}`;

/** A Secret with these keys. */
export function aSecret(name: string, keys: Record<string, string>): Secret {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, type: "Opaque", stringData: keys };
}

/** An AgentProvider that sends agents to this model endpoint with the key `api-key` of the Secret. */
export function aProvider(
  name: string,
  endpoint: { url: string; secret: string; model?: string },
  more: Partial<AgentProviderSpec> = {},
): AgentProvider {
  return {
    apiVersion,
    kind: "AgentProvider",
    metadata: { name },
    spec: {
      authTokenSecretRef: { name: endpoint.secret, key: "api-key" },
      environment: { ANTHROPIC_BASE_URL: endpoint.url },
      ...(endpoint.model === undefined ? {} : { model: endpoint.model }),
      ...more,
    },
  };
}

/** The AgentConfig named `default`. */
export function aConfig(spec: AgentConfig["spec"]): AgentConfig {
  return { apiVersion, kind: "AgentConfig", metadata: { name: "default" }, spec };
}

/** A standalone AgentRun of claude on `main` of this repository. */
export function aRun(name: string, repositoryUrl: string, spec: Partial<AgentRunSpec> = {}): AgentRun {
  return {
    apiVersion,
    kind: "AgentRun",
    metadata: { name },
    spec: {
      agent: "claude",
      prompt: "Do the task",
      repository: { url: repositoryUrl, branch: "main" },
      ...spec,
    },
  };
}
