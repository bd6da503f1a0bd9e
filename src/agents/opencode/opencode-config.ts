import type { AgentSetup, McpServer, McpValue } from "../agent.ts";
import { isReference, literalValue, mapMcpValues, mcpVariables, quotedName, withVersion } from "../values.ts";

/** A model as opencode names it: `provider/model`, the model's own name may hold slashes. */
export interface OpencodeModel {
  provider: string;
  model: string;
}

/** The provider made for a gateway that speaks OpenAI's chat completions. */
export const GATEWAY = "openai-compatible";

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
  return withReferences({
    model: name,
    // The session's title would otherwise be asked of a small model that the endpoint may not have.
    small_model: name,
    autoupdate: false,
    share: "disabled",
    // A second repository with the files before each step, for an undo that nobody asks for here.
    snapshot: false,
    permission: { "*": "allow" },
    provider: { [target.provider]: providerOptions(setup, target, tokenVariable) },
    ...(setup.trustRepositoryConfig && !setup.hasSystemPrompt
      ? {}
      : { instructions: [reference("AGENT_INSTRUCTIONS")] }),
    // Those of a checkout's own packages would run: formatters after each edit, language servers for each file.
    ...(setup.trustRepositoryConfig ? {} : { formatter: false, lsp: false }),
    ...(setup.mcpServers.length === 0
      ? {}
      : { mcp: Object.fromEntries(setup.mcpServers.map((server) => [server.name, mcpServer(server)])) }),
  });
}

/** The variables whose values the configuration takes. */
export function configVariables(setup: AgentSetup, tokenVariable: string): string[] {
  return [tokenVariable, ...urlVariables(setup), ...mcpVariables(setup.mcpServers)];
}

/** Those that hold an address which is not known here. */
function urlVariables({ env }: AgentSetup): string[] {
  return ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"].filter((name) => {
    const literal = literalValue(env, name);
    return env.some((variable) => variable.name === name) && (literal === undefined || isReference(literal));
  });
}

/** Stands in the configuration for a variable. No text of a user's holds this character. */
const MARK = "\u0001";

function reference(variable: string): string {
  return `${MARK}${variable}${MARK}`;
}

/** As JSON in which opencode finds a variable if one was meant, and nowhere else. */
function withReferences(config: object): string {
  return JSON.stringify(config)
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, (text) => text.replaceAll("{", String.raw`\u007b`))
    .replaceAll(/\\u0001(\w+)\\u0001/g, "{env:$1}");
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
  return mapMcpValues(values, (variable) => reference(quotedName(variable)));
}

function providerOptions(setup: AgentSetup, { provider, model }: OpencodeModel, tokenVariable: string) {
  const baseURL = baseUrlOf(setup, provider);
  const options = {
    apiKey: reference(quotedName(tokenVariable)),
    ...(baseURL === undefined ? {} : { baseURL }),
    ...(provider === "anthropic" && tokenVariable === "ANTHROPIC_AUTH_TOKEN"
      ? { headers: { Authorization: `Bearer ${reference(quotedName(tokenVariable))}` } }
      : {}),
  };
  if (provider === GATEWAY) {
    return { npm: "@ai-sdk/openai-compatible", name: "OpenAI-compatible", options, models: { [model]: {} } };
  }
  // A gateway's model is unknown to opencode unless the configuration names it.
  return baseURL === undefined ? { options } : { options, models: { [model]: {} } };
}

/** With /v1, which opencode wants in both forms; read by opencode itself if the text is not known here. */
function baseUrlOf(setup: AgentSetup, provider: string): string | undefined {
  const variable = provider === GATEWAY ? "OPENAI_BASE_URL" : "ANTHROPIC_BASE_URL";
  if (provider !== GATEWAY && provider !== "anthropic") return undefined;
  if (!setup.env.some(({ name }) => name === variable)) return undefined;
  const literal = literalValue(setup.env, variable);
  return literal === undefined || isReference(literal)
    ? reference(quotedName(variable))
    : withVersion(literal);
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}
