import type { AgentSetup, McpServer, McpValue } from "../agent.ts";
import { isReference, literalValue, mapMcpValues, withVersion } from "../values.ts";

/** A model as opencode names it: `provider/model`, the model's own name may hold slashes. */
export interface OpencodeModel {
  provider: string;
  model: string;
}

/** The provider made for a gateway that speaks OpenAI's chat completions. */
const GATEWAY = "openai-compatible";

/**
 * Which of opencode's providers serves a model. A base URL decides first, because a gateway's model
 * names may hold slashes themselves; without one `provider/model` is taken as opencode's own.
 */
export function opencodeModel(
  model: string,
  has: { openaiBaseUrl: boolean; anthropicBaseUrl: boolean },
): OpencodeModel {
  const anthropic = model.startsWith("anthropic/");
  if (has.openaiBaseUrl && !(anthropic && has.anthropicBaseUrl)) {
    return { provider: GATEWAY, model: withoutPrefix(withoutPrefix(model, "openai/"), `${GATEWAY}/`) };
  }
  if (has.anthropicBaseUrl) return { provider: "anthropic", model: withoutPrefix(model, "anthropic/") };
  const slash = model.indexOf("/");
  return slash > 0
    ? { provider: model.slice(0, slash), model: model.slice(slash + 1) }
    : { provider: "anthropic", model };
}

/** The variable that the generated configuration reads the credential from by default. */
export function opencodeTokenVariable(provider: string): string {
  if (provider === GATEWAY) return "OPENAI_API_KEY";
  return `${provider.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()}_API_KEY`;
}

/** The value of OPENCODE_CONFIG_CONTENT, which wins over every file a repository could bring. */
export function opencodeConfig(setup: AgentSetup, target: OpencodeModel, tokenVariable: string): string {
  const name = `${target.provider}/${target.model}`;
  return JSON.stringify({
    model: name,
    // The session's title would otherwise be asked of a small model that the endpoint may not have.
    small_model: name,
    autoupdate: false,
    share: "disabled",
    permission: { "*": "allow" },
    provider: { [target.provider]: providerOptions(setup, target, tokenVariable) },
    ...(setup.trustRepositoryConfig && !setup.hasSystemPrompt
      ? {}
      : { instructions: ["{env:AGENT_INSTRUCTIONS}"] }),
    ...(setup.mcpServers.length === 0
      ? {}
      : { mcp: Object.fromEntries(setup.mcpServers.map((server) => [server.name, mcpServer(server)])) }),
  });
}

function mcpServer(server: McpServer): object {
  return "url" in server
    ? { type: "remote", enabled: true, url: server.url, headers: mcpValues(server.headers) }
    : {
        type: "local",
        enabled: true,
        command: [server.command, ...server.args],
        environment: mcpValues(server.env),
      };
}

function mcpValues(values: Readonly<Record<string, McpValue>>): Record<string, string> {
  return mapMcpValues(values, (variable) => `{env:${variable}}`);
}

function providerOptions(setup: AgentSetup, { provider, model }: OpencodeModel, tokenVariable: string) {
  const baseURL = baseUrlOf(setup, provider);
  const options = {
    apiKey: `{env:${tokenVariable}}`,
    ...(baseURL === undefined ? {} : { baseURL }),
    ...(provider === "anthropic" && tokenVariable === "ANTHROPIC_AUTH_TOKEN"
      ? { headers: { Authorization: `Bearer {env:${tokenVariable}}` } }
      : {}),
  };
  if (provider === GATEWAY) {
    return { npm: "@ai-sdk/openai-compatible", name: "OpenAI-compatible", options, models: { [model]: {} } };
  }
  // A gateway's model is unknown to opencode unless the configuration names it.
  return baseURL === undefined ? { options } : { options, models: { [model]: {} } };
}

/** With /v1, which opencode wants in both forms; read by opencode itself where the text is not known here. */
function baseUrlOf(setup: AgentSetup, provider: string): string | undefined {
  const variable = provider === GATEWAY ? "OPENAI_BASE_URL" : "ANTHROPIC_BASE_URL";
  if (provider !== GATEWAY && provider !== "anthropic") return undefined;
  if (!setup.env.some(({ name }) => name === variable)) return undefined;
  const literal = literalValue(setup.env, variable);
  return literal === undefined || isReference(literal) ? `{env:${variable}}` : withVersion(literal);
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}
