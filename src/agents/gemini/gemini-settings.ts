import type { AgentSetup, McpServer, McpValue } from "../agent.ts";
import { literalValue, quotedName } from "../values.ts";

/** The variables with the address of Google's API, or of a gateway that speaks it. */
export const BASE_URLS = ["GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"];

/** Read beside GEMINI.md, which it always reads. */
export const INSTRUCTION_FILES = ["AGENTS.md"];

/** The text of `~/.gemini/settings.json`, on one line. */
export function geminiSettings(setup: AgentSetup): string {
  return JSON.stringify({
    general: {
      enableAutoUpdate: false,
      enableAutoUpdateNotification: false,
      // A plan waits for somebody to agree.
      plan: { enabled: false },
    },
    ui: { showCompatibilityWarnings: false },
    privacy: { usageStatisticsEnabled: false },
    security: { auth: { selectedType: authentication(setup) } },
    context: {
      fileName: INSTRUCTION_FILES,
      // Its own tools refuse every path elsewhere.
      ...(setup.additionalDirectories && { includeDirectories: setup.additionalDirectories.map(setting) }),
      // Otherwise an `@word` in the instructions is taken for a file, and what is there is lost.
      importFormat: "flat",
      // Otherwise an `@word` in the prompt is taken for any file whose name has it.
      fileFiltering: { enableRecursiveFileSearch: false },
    },
    ...(setup.trustRepositoryConfig ? {} : { advanced: { ignoreLocalEnv: true } }),
    ...(setup.maxTurns === undefined ? {} : { model: { maxSessionTurns: setup.maxTurns } }),
    ...(setup.model !== undefined && hasGateway(setup)
      ? { modelConfigs: { customOverrides: sideModels(setting(setup.model)) } }
      : {}),
    ...(setup.mcpServers.length === 0
      ? {}
      : {
          mcpServers: Object.fromEntries(setup.mcpServers.map((server) => [server.name, mcpServer(server)])),
        }),
  });
}

/** Named, because with a base URL it would otherwise choose one that it then refuses. */
function authentication({ env }: AgentSetup): string {
  return literalValue(env, "GOOGLE_GENAI_USE_VERTEXAI") === "true" ? "vertex-ai" : "gemini-api-key";
}

function hasGateway({ env }: AgentSetup): boolean {
  return BASE_URLS.some((name) => env.some((variable) => variable.name === name));
}

/** Models of gemini's own for side requests, such as whether it goes round in circles: a gateway may know only one. */
function sideModels(model: string): object[] {
  return ["base", "chat-compression-default", "agent-history-provider-summarizer"].map((alias) => ({
    match: { model: alias },
    modelConfig: { model },
  }));
}

function mcpServer(server: McpServer): object {
  return "url" in server
    ? { httpUrl: setting(server.url), headers: mcpValues(server.headers) }
    : {
        command: setting(server.command),
        args: server.args.map(setting),
        env: mcpValues(server.env),
      };
}

/** A text that stays as it is, though gemini puts variables in the place of `$NAME` in all settings. */
function setting(text: string): string {
  return text.replaceAll("$", `\${${NEVER_SET}:-$}`);
}

/** Headers and environment are searched for variables a second time; there a backslash keeps a `$`. */
function mcpValues(values: Readonly<Record<string, McpValue>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      "text" in value
        ? value.text.replaceAll("$", `\${${NEVER_SET}:-\\$}`)
        : `\${${quotedName(value.variable)}}`,
    ]),
  );
}

/** Names like this are the operator's. */
const NEVER_SET = "AGENT_NOTHING";
