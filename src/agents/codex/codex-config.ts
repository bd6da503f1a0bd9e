import type { AgentArgument, AgentSetup, McpServer, McpValue } from "../agent.ts";
import { OTLP_ENDPOINT, sendsByGrpc, sendsTelemetry } from "../telemetry.ts";
import { isReference, literalValue, withVersion } from "../values.ts";

/** The model provider that the settings make: codex's own would ask for a login. */
const PROVIDER = "endpoint";

const OPENAI = "https://api.openai.com/v1";

/** Settings of config.toml as `key=value`, the value in TOML; each is an argument of `-c`. */
export function codexSettings(setup: AgentSetup): AgentArgument[] {
  return [
    ...(setup.model === undefined ? [] : [`model=${toml(setup.model)}`]),
    ...providerSettings(setup),
    // A login shell would set PATH again, and the image's tools would be gone.
    "allow_login_shell=false",
    setup.trustRepositoryConfig ? 'project_doc_fallback_filenames=["CLAUDE.md"]' : "project_doc_max_bytes=0",
    ...quietSettings,
    ...telemetrySettings(setup),
    ...(setup.mcpServers.length === 0 ? [] : [`mcp_servers=${toml(mcpServers(setup))}`]),
  ];
}

/** No calls but those to the model, and no waiting without end for an endpoint that is down. */
const quietSettings = [
  "analytics.enabled=false",
  "feedback.enabled=false",
  "check_for_update_on_startup=false",
  "features.apps=false",
  "features.plugins=false",
  "features.skill_mcp_dependency_install=false",
  "features.unbounded_connection_retries=false",
];

/** It knows OpenTelemetry's variables for headers, time limit and attributes, but not for the address. */
function telemetrySettings({ env }: AgentSetup): AgentArgument[] {
  if (!sendsTelemetry(env)) return [];
  const literal = literalValue(env, OTLP_ENDPOINT);
  const isKnown = literal !== undefined && !isReference(literal);
  const base = isKnown ? literal.replace(/\/+$/, "") : `$(${OTLP_ENDPOINT})`;
  return Object.entries({ exporter: "logs", trace_exporter: "traces", metrics_exporter: "metrics" }).map(
    ([key, signal]) => {
      const text = sendsByGrpc(env)
        ? `otel.${key}={otlp-grpc={endpoint=${toml(base)}}}`
        : `otel.${key}={otlp-http={endpoint=${toml(`${base}/v1/${signal}`)},protocol="binary"}}`;
      return isKnown ? text : { expand: text };
    },
  );
}

function providerSettings(setup: AgentSetup): AgentArgument[] {
  const key = credentialVariable(setup);
  const { given, setting } = baseUrl(setup);
  return [
    `model_provider=${toml(PROVIDER)}`,
    `model_providers.${PROVIDER}.name=${toml(PROVIDER)}`,
    setting,
    ...(key === undefined ? [] : [`model_providers.${PROVIDER}.env_key=${toml(key)}`]),
    `model_providers.${PROVIDER}.env_http_headers=${toml({
      "OpenAI-Organization": "OPENAI_ORGANIZATION",
      "OpenAI-Project": "OPENAI_PROJECT",
    })}`,
    // The search is a tool of OpenAI's own; another endpoint may refuse a request that offers it.
    ...(given ? ['web_search="disabled"'] : []),
  ];
}

/** None for an endpoint that wants none: codex would not start without a variable that it knows of. */
function credentialVariable({ tokenVariable, env }: AgentSetup): string | undefined {
  if (tokenVariable !== undefined) return tokenVariable;
  return env.some(({ name }) => name === "OPENAI_API_KEY") ? "OPENAI_API_KEY" : undefined;
}

/** With /v1; as it is if the text is not known here. `given`: it is not OpenAI's own. */
function baseUrl({ env }: AgentSetup): { given: boolean; setting: AgentArgument } {
  const setting = (value: string): string => `model_providers.${PROVIDER}.base_url=${value}`;
  const variable = env.find(({ name }) => name === "OPENAI_BASE_URL");
  if (variable === undefined || variable.value === "")
    return { given: false, setting: setting(toml(OPENAI)) };
  const literal = literalValue(env, "OPENAI_BASE_URL");
  if (literal === undefined || isReference(literal))
    return { given: true, setting: { expand: setting('"$(OPENAI_BASE_URL)"') } };
  const url = withVersion(literal);
  return { given: url !== OPENAI, setting: setting(toml(url)) };
}

function mcpServers({ mcpServers: servers, env }: AgentSetup): Record<string, TomlValue> {
  return Object.fromEntries(servers.map((server) => [server.name, mcpServer(server, env)]));
}

/** A server's program may have to be installed first, which takes longer than codex would wait. */
const START_SECONDS = 60;

function mcpServer(server: McpServer, env: AgentSetup["env"]): TomlValue {
  if ("url" in server) {
    const { texts, variables } = partition(server.headers);
    return {
      url: server.url,
      http_headers: texts,
      env_http_headers: variables,
      startup_timeout_sec: START_SECONDS,
    };
  }
  const { texts, variables } = partition(server.env);
  const [command = "", ...args] = Object.entries(variables).reduce(
    (line, [name, variable]) => ["sh", "-c", NAME_AND_START, "sh", name, variable, ...line],
    [server.command, ...server.args],
  );
  const inherited = env.map(({ name }) => name);
  return {
    command,
    args,
    env: texts,
    // It gets nothing but these and what every program needs.
    env_vars: [...new Set([...inherited, ...Object.values(variables)])],
    startup_timeout_sec: START_SECONDS,
  };
}

/** Codex hands on a variable only under its own name: this gives the value of $2 the name $1 for what follows. */
const NAME_AND_START = 'name=$1 value=$(printenv "$2"; printf .); shift 2; exec env "$name=${value%??}" "$@"';

function partition(values: Readonly<Record<string, McpValue>>): {
  texts: Record<string, string>;
  variables: Record<string, string>;
} {
  const texts: Record<string, string> = {};
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if ("text" in value) texts[name] = value.text;
    else variables[name] = value.variable;
  }
  return { texts, variables };
}

type TomlValue = string | number | readonly TomlValue[] | { readonly [key: string]: TomlValue };

/** A value on one line. TOML's basic strings are JSON's, but for DEL. */
function toml(value: TomlValue): string {
  if (typeof value === "string") return JSON.stringify(value).replaceAll("\u007f", String.raw`\u007f`);
  if (typeof value === "number") return String(value);
  if (isList(value)) return `[${value.map(toml).join(",")}]`;
  const fields = Object.entries(value).map(([key, field]) => `${toml(key)}=${toml(field)}`);
  return `{${fields.join(",")}}`;
}

function isList(value: TomlValue): value is readonly TomlValue[] {
  return Array.isArray(value);
}
