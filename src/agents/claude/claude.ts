import type { Agent, AgentSetup, McpServer, ModelChoice } from "../agent.ts";
import { parseClaudeOutput } from "./claude-output.ts";
import { claudeActivities } from "./claude-activities.ts";
import { sendsTelemetry } from "../telemetry.ts";
import {
  isReference,
  literalValue,
  mapMcpValues,
  mcpVariables,
  quotedName,
  withoutVersion,
} from "../values.ts";

/** Claude Code, as measured at 2.1.197. */
export const claude: Agent = {
  name: "claude",
  entrypoint: {
    cli: "claude",
    npmPackage: "@anthropic-ai/claude-code@2.1.197",
    shells: ["bash", "zsh"],
    quotes: "braces",
    // Only at SIGINT does it still print its result with what the run has cost.
    stopSignal: "INT",
    // A prompt that starts with `/word` would be run as a command and never reach the model.
    promptPrefix: "\n",
    session: { path: ".claude/projects", files: "*.jsonl", option: "--resume" },
    userInstructions: ".claude/CLAUDE.md",
    instructionFiles: ["CLAUDE.md", ".claude/CLAUDE.md"],
    instructionImports: true,
    instructionOption: "--append-system-prompt-file",
    skills: ".claude/skills",
    hiddenPaths: [],
    // It would try again for three minutes.
    hopeless: '^[{]"type":"system","subtype":"api_retry",.*"error_status":40[13][,}]',
    final: '^[{]"type":"result",',
    // Stopped while it waits for the model it prints no result, but its session file has what it has used.
    usage: {
      session: 's/^.*"session_id":"\\([0-9a-f-]*\\)".*$/\\1/p',
      lines:
        's/^.*"message":{\\("id":"[^"]*"\\),.*"usage":{\\("input_tokens":[0-9]*,"cache_creation_input_tokens":[0-9]*,"cache_read_input_tokens":[0-9]*,"output_tokens":[0-9]*\\)[,}].*$/{"type":"usage",\\1,\\2}/p',
    },
    summary: '^[{]"type":"result",',
  },
  resources: {
    requests: { cpu: "250m", memory: "512Mi", "ephemeral-storage": "1Gi" },
    limits: { memory: "2Gi" },
  },
  requiresProvider: true,
  requiresModel: false,
  features: ["maxTurns", "systemPrompt", "instructions", "mcpServers", "skills", "resultSchema"],
  takesSkillsFrom: true,
  userPaths: [".claude", ".claude.json", ".config/anthropic"],
  keyVariables: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"],
  chooseModel,
  tokenVariable: (environment) =>
    isAnthropic(environment["ANTHROPIC_BASE_URL"]) ? "ANTHROPIC_API_KEY" : "ANTHROPIC_AUTH_TOKEN",
  args: (setup) => [
    "-p",
    "--output-format",
    "stream-json",
    "--verbose",
    "--dangerously-skip-permissions",
    ...(setup.model === undefined ? [] : ["--model", setup.model]),
    ...(setup.maxTurns === undefined ? [] : ["--max-turns", String(setup.maxTurns)]),
    ...(setup.trustRepositoryConfig ? [] : ["--setting-sources", "user", "--strict-mcp-config"]),
    ...mcpArgs(setup),
    ...(setup.resultSchema === undefined ? [] : ["--json-schema", setup.resultSchema]),
    ...(setup.skillsFrom === undefined ? [] : ["--plugin-dir", setup.skillsFrom]),
    ...setup.cliArgs,
  ],
  environment: ({ trustRepositoryConfig, env }) => ({
    ...(sendsTelemetry(env) ? telemetry : {}),
    // No setting turns off that prompts are taken from the checkout's .claude/scheduled_tasks.json.
    ...(trustRepositoryConfig ? {} : { CLAUDE_CODE_DISABLE_CRON: "1" }),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    // Without it bypassing permissions is refused to uid 0, which a pod security context may ask for.
    IS_SANDBOX: "1",
  }),
  corrections,
  quotedVariables: ({ mcpServers }) => mcpVariables(mcpServers.filter((server) => "url" in server)),
  demo: { baseUrl: "ANTHROPIC_BASE_URL", model: "claude-sonnet-4-5", keys: ["CLAUDE_CODE_OAUTH_TOKEN"] },
  activities: claudeActivities,
  parseOutput: parseClaudeOutput,
};

/** Traces are a beta; without its switch there are metrics and logs alone. */
const telemetry = {
  CLAUDE_CODE_ENABLE_TELEMETRY: "1",
  CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: "1",
  OTEL_LOGS_EXPORTER: "otlp",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_TRACES_EXPORTER: "otlp",
};

/**
 * A provider that maps only the sonnet alias means that model: without a choice claude would ask for
 * an opus model, which such a gateway does not know.
 */
function chooseModel({ run, provider, config, environment }: ModelChoice): string | undefined {
  const chosen = run ?? provider ?? config;
  if (chosen !== undefined || environment["ANTHROPIC_MODEL"]) return chosen;
  if (environment["ANTHROPIC_DEFAULT_OPUS_MODEL"]) return undefined;
  return environment["ANTHROPIC_DEFAULT_SONNET_MODEL"] || undefined;
}

function isAnthropic(baseUrl: string | undefined): boolean {
  if (!baseUrl) return true;
  return URL.canParse(baseUrl) && new URL(baseUrl).hostname === "api.anthropic.com";
}

function mcpArgs({ mcpServers }: AgentSetup): string[] {
  if (mcpServers.length === 0) return [];
  const servers = Object.fromEntries(mcpServers.map((server) => [server.name, mcpServer(server)]));
  return ["--mcp-config", JSON.stringify({ mcpServers: servers })];
}

function mcpServer(server: McpServer): object {
  return "url" in server
    ? { type: "http", url: text(server.url), headers: mapMcpValues(server.headers, quotedReference, twice) }
    : {
        type: "stdio",
        command: text(server.command),
        args: server.args.map(text),
        env: mapMcpValues(server.env, (variable) => `\${${variable}}`, text),
      };
}

/** As it is, though claude puts a variable in the place of `${NAME}`. */
function text(value: string): string {
  return value.replaceAll("${", "${AGENT_NOTHING:-$}{");
}

/** It looks into headers once more when it sends them. */
function twice(value: string): string {
  return text(text(value));
}

function quotedReference(variable: string): string {
  return `\${${quotedName(variable)}}`;
}

/** claude appends /v1 itself. */
function corrections({ env }: AgentSetup): Record<string, string> {
  const baseUrl = literalValue(env, "ANTHROPIC_BASE_URL");
  if (!baseUrl || isReference(baseUrl)) return {};
  const wanted = withoutVersion(baseUrl);
  return wanted === baseUrl ? {} : { ANTHROPIC_BASE_URL: wanted };
}
