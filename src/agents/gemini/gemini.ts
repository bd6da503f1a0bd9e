import type { Agent, AgentSetup } from "../agent.ts";
import { sendsByGrpc, sendsTelemetry } from "../telemetry.ts";
import { isReference, literalValue, mcpVariables } from "../values.ts";
import { parseGeminiOutput } from "./gemini-output.ts";
import { geminiActivities } from "./gemini-activities.ts";
import { BASE_URLS, geminiSettings, INSTRUCTION_FILES } from "./gemini-settings.ts";

/** Gemini CLI, as measured at 0.61.0. */
export const gemini: Agent = {
  name: "gemini",
  entrypoint: {
    cli: "gemini",
    npmPackage: "@google/gemini-cli@0.61.0",
    // Its tools run in bash and in nothing else.
    shells: ["bash"],
    stopSignal: "TERM",
    // A prompt that starts with `/word` would be run as a command and never reach the model.
    promptPrefix: "\n",
    session: {
      path: ".gemini/tmp",
      // The second one says which folder of sessions is of which checkout.
      files: "session-*.json* .project_root",
      option: "--resume",
      // What a tool has answered is in its call as well: continued with, it would be there twice.
      drop: '^{"id":"[^"]*","timestamp":"[^"]*","type":"user","content":\\[{"functionResponse":',
    },
    ownDirectory: ".gemini",
    instructionPath: ".gemini/GEMINI.md",
    // It reads those below each directory itself, as text.
    instructionFiles: [],
    ownInstructionFiles: ["GEMINI.md", ...INSTRUCTION_FILES],
    hidesGitConfig: true,
    skills: ".gemini/skills",
    hiddenPaths: [".gemini", ".agents"],
    quotes: "dollar",
    final: '^[{]"type":"result",',
    // Its result has no turns, and when it is stopped it has none at all.
    usage: {
      always: true,
      session: 's/^{"type":"init",.*"session_id":"\\([0-9a-f-]*\\)".*$/\\1/p',
      lines:
        's/^{\\("id":"[^"]*"\\),"timestamp":"[^"]*","type":"gemini",.*"tokens":{\\("input":[0-9]*,"output":[0-9]*,"cached":[0-9]*,"thoughts":[0-9]*\\)[,}].*$/{"type":"usage",\\1,\\2}/p',
    },
    summary: '^[{]"type":"(init|error|result)",',
  },
  resources: {
    requests: { cpu: "500m", memory: "1Gi", "ephemeral-storage": "1Gi" },
    limits: { memory: "4Gi" },
  },
  requiresProvider: true,
  requiresModel: false,
  features: ["maxTurns", "systemPrompt", "instructions", "mcpServers", "skills"],
  userPaths: [".agents", ".env", ".gemini", ".node_libraries", ".node_modules"],
  keyVariables: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  chooseModel: ({ run, provider, config }) => run ?? provider ?? config,
  tokenVariable: (environment) =>
    environment["GOOGLE_GENAI_USE_VERTEXAI"] === "true" ? "GOOGLE_API_KEY" : "GEMINI_API_KEY",
  args: (setup) => [
    "--output-format",
    "stream-json",
    "--approval-mode",
    "yolo",
    ...(setup.model === undefined ? [] : ["--model", setup.model]),
    ...setup.cliArgs,
  ],
  environment: ({ home, env }) => ({
    ...(sendsTelemetry(env) ? telemetry(env) : {}),
    // It would start itself again with more memory, and that outer process passes no signal on.
    GEMINI_CLI_NO_RELAUNCH: "true",
    // In a directory that it does not trust it asks before every tool. What a checkout could bring is
    // hidden from it instead.
    GEMINI_CLI_TRUST_WORKSPACE: "true",
    GEMINI_SANDBOX: "false",
    NODE_OPTIONS: `--require=${home}/${PRELOADED}`,
  }),
  corrections,
  files: (setup) => ({ ".gemini/settings.json": geminiSettings(setup), [PRELOADED]: BASELINE_ONLY }),
  quotedVariables: ({ mcpServers }) => mcpVariables(mcpServers),
  demo: { baseUrl: "GOOGLE_GEMINI_BASE_URL", model: "gemini-2.5-pro" },
  activities: geminiActivities,
  parseOutput: parseGeminiOutput,
};

/** It takes the address from OpenTelemetry's own variable. Its spans show prompts all the same. */
function telemetry(env: AgentSetup["env"]): Record<string, string> {
  return {
    GEMINI_TELEMETRY_ENABLED: "true",
    GEMINI_TELEMETRY_TARGET: "local",
    GEMINI_TELEMETRY_OTLP_PROTOCOL: sendsByGrpc(env) ? "grpc" : "http",
    GEMINI_TELEMETRY_LOG_PROMPTS: "false",
  };
}

/** Below the home directory. */
const PRELOADED = ".gemini/baseline.cjs";

/**
 * V8 optimizes the parser of shell commands, which is WebAssembly, and no process ends before that has ended: 3 s of processor
 * time after the result. All three, because what the first implies is settled before this is read. Not for the commands.
 */
const BASELINE_ONLY = [
  'const { setFlagsFromString } = require("node:v8");',
  'for (const flag of ["--liftoff-only", "--no-wasm-tier-up", "--no-wasm-dynamic-tiering"]) setFlagsFromString(flag);',
  "delete process.env.NODE_OPTIONS;",
].join(" ");

/** gemini appends the API's version itself. */
function corrections({ env }: AgentSetup): Record<string, string> {
  return Object.fromEntries(
    BASE_URLS.flatMap((name) => {
      const baseUrl = literalValue(env, name);
      if (!baseUrl || isReference(baseUrl)) return [];
      const wanted = baseUrl.replace(/\/+$/, "").replace(/\/v1(alpha|beta)?[0-9]*$/, "");
      return wanted === baseUrl ? [] : [[name, wanted]];
    }),
  );
}
