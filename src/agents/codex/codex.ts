import type { Agent, AgentSetup } from "../agent.ts";
import { codexSettings } from "./codex-config.ts";
import { parseCodexOutput } from "./codex-output.ts";
import { codexActivities } from "./codex-activities.ts";

/** Below the home directory. */
const SCHEMA_FILE = ".agent-operator-result-schema.json";

/** Codex CLI, as measured at 0.169.0. */
export const codex: Agent = {
  name: "codex",
  entrypoint: {
    cli: "codex",
    npmPackage: "@openai/codex@0.169.0",
    shells: ["bash", "zsh", "sh"],
    // It then ends its tools and its session properly.
    stopSignal: "INT",
    promptPrefix: "",
    session: { path: ".codex/sessions", files: "*.jsonl", option: "resume" },
    userInstructions: ".codex/AGENTS.md",
    // In its own order. It would read them through links, and does so whether it trusts a checkout or not.
    instructionFiles: ["AGENTS.override.md", "AGENTS.md", "CLAUDE.md"],
    // As many as it reads itself.
    instructionBytes: 32_768,
    instructionOption: "-c",
    instructionKey: "developer_instructions",
    // `.codex` is never read if the directory is not trusted; but that is noted where a volume may be shared.
    skills: ".agents/skills",
    hiddenPaths: [".codex", ".agents"],
    // It would try again five times, for seven seconds.
    hopeless: '^[{]"type":"error","message":"Reconnecting[.]+ [0-9/]+ [(]unexpected status 40[13] ',
    final: '^[{]"type":"turn[.](completed|failed)"',
    // Its own sum counts the session's earlier attempts, and not what its sub-agents have used.
    usage: {
      always: true,
      session: 's/^{"type":"thread[.]started","thread_id":"\\([0-9a-f-]*\\)".*$/\\1/p',
      lines:
        's/^.*"type":"token_usage_record","payload":{\\("thread_id":"[^"]*","turn_id":"[^"]*"\\),.*"turn_token_usage":{\\("input_tokens":[0-9]*,"cached_input_tokens":[0-9]*,"cache_write_input_tokens":[0-9]*,"output_tokens":[0-9]*\\)[,}].*$/{"type":"usage",\\1,\\2}/p',
    },
    summary: '^[{]"type":"(thread[.]started|turn[.]completed|turn[.]failed)"',
  },
  resources: {
    requests: { cpu: "250m", memory: "512Mi", "ephemeral-storage": "1Gi" },
    limits: { memory: "2Gi" },
  },
  requiresProvider: true,
  requiresModel: false,
  // It knows no limit of turns.
  features: ["systemPrompt", "instructions", "mcpServers", "skills", "resultSchema"],
  userPaths: [".agents", ".claude-plugin", ".codex", ".codex-plugin"],
  keyVariables: ["CODEX_API_KEY"],
  chooseModel: ({ run, provider, config }) => run ?? provider ?? config,
  tokenVariable: () => "OPENAI_API_KEY",
  args: (setup) => [
    "exec",
    "--json",
    "--skip-git-repo-check",
    "--dangerously-bypass-approvals-and-sandbox",
    ...(setup.trustRepositoryConfig ? ["--trust", "--dangerously-bypass-hook-trust"] : []),
    ...codexSettings(setup).flatMap((setting) => ["-c", setting]),
    ...(setup.resultSchema === undefined ? [] : ["--output-schema", { expand: `$(HOME)/${SCHEMA_FILE}` }]),
    ...setup.cliArgs,
  ],
  environment,
  files: schemaFile,
  corrections: () => ({}),
  demo: { baseUrl: "OPENAI_BASE_URL" },
  activities: codexActivities,
  parseOutput: parseCodexOutput,
};

/** Databases do not belong on a volume that several pods may write to; the sessions are files. */
function environment({ sharedMounts }: AgentSetup): Record<string, string> {
  return sharedMounts.some((path) => path.endsWith("/.codex")) ? { CODEX_SQLITE_HOME: "/tmp/codex" } : {};
}

function schemaFile({ resultSchema }: AgentSetup): Record<string, string> {
  return resultSchema === undefined ? {} : { [SCHEMA_FILE]: resultSchema };
}
