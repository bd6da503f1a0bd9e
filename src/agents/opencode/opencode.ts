import type { Agent, AgentSetup } from "../agent.ts";
import { configVariables, opencodeConfig, opencodeModel, opencodeTokenVariable } from "./opencode-config.ts";
import type { OpencodeModel } from "./opencode-config.ts";
import { modelList } from "./opencode-models.ts";
import { parseOpencodeOutput } from "./opencode-output.ts";
import { opencodeActivities } from "./opencode-activities.ts";

/** OpenCode, as measured at 1.18.33. */
export const opencode: Agent = {
  name: "opencode",
  entrypoint: {
    cli: "opencode",
    npmPackage: "opencode-ai@1.18.33",
    shells: ["bash", "zsh", "sh"],
    stopSignal: "TERM",
    promptPrefix: "",
    session: { path: ".local/share/opencode", files: "*.db *.db-wal *.db-shm", option: "--session" },
    userInstructions: ".config/opencode/AGENTS.md",
    instructionFiles: ["AGENTS.md", "CLAUDE.md"],
    // One of its two readers of configuration knows no switch, and runs the plugins that it finds there.
    skills: ".config/opencode/skills",
    hiddenPaths: [".opencode", "opencode.json", "opencode.jsonc"],
    quotes: "json",
    final: '^[{]"type":"step_finish",.*"reason":"stop"|^[{]"type":"error",',
    summary: '^[{]"type":"(step_finish|error)",',
  },
  resources: {
    requests: { cpu: "500m", memory: "1Gi", "ephemeral-storage": "1Gi" },
    limits: { memory: "4Gi" },
  },
  requiresProvider: true,
  // Without one it sends the source to a hosted free model.
  requiresModel: true,
  // Its limit of steps is only advice to the model.
  features: ["systemPrompt", "instructions", "mcpServers", "skills"],
  userPaths: [
    ".agents",
    ".cache/opencode",
    ".claude",
    ".config/opencode",
    ".local/share/opencode",
    ".local/state/opencode",
    ".opencode",
  ],
  keyVariables: [],
  chooseModel: ({ run, provider, config, environment }) =>
    run ??
    provider ??
    config ??
    (environment["ANTHROPIC_MODEL"] || environment["ANTHROPIC_DEFAULT_SONNET_MODEL"] || undefined),
  tokenVariable: (environment, model) =>
    opencodeTokenVariable(
      opencodeModel(model ?? "", {
        openaiBaseUrl: Boolean(environment["OPENAI_BASE_URL"]),
        anthropicBaseUrl: Boolean(environment["ANTHROPIC_BASE_URL"]),
      }).provider,
    ),
  args: (setup) => {
    const target = targetOf(setup);
    return [
      "run",
      "--pure",
      "--auto",
      "--format",
      "json",
      ...(target ? ["--model", `${target.provider}/${target.model}`] : []),
      // A session with a title asks no model for one.
      "--title",
      setup.runName,
      ...setup.cliArgs,
    ];
  },
  environment,
  files: (setup) => {
    const models = modelsOf(setup);
    return models === undefined ? ownDependencies : { ...ownDependencies, [MODELS_FILE]: models };
  },
  corrections: () => ({}),
  quotedVariables: (setup) => {
    const target = targetOf(setup);
    return target
      ? configVariables(setup, setup.tokenVariable ?? opencodeTokenVariable(target.provider))
      : [];
  },
  demo: { baseUrl: "ANTHROPIC_BASE_URL", model: "claude-sonnet-4-5" },
  activities: opencodeActivities,
  parseOutput: parseOpencodeOutput,
};

/**
 * What its configuration directory holds once @opencode-ai/plugin is installed there, which it would ask the npm
 * registry for at each start. Nothing here imports it.
 */
const ownDependencies = {
  ".config/opencode/package-lock.json": JSON.stringify({
    lockfileVersion: 3,
    packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } },
  }),
  ".config/opencode/node_modules/.keep": "",
};

/** No configuration of the checkout's, no skills of .claude and .agents. */
const untrusting = {
  OPENCODE_DISABLE_PROJECT_CONFIG: "1",
  OPENCODE_DISABLE_CLAUDE_CODE: "1",
  OPENCODE_DISABLE_EXTERNAL_SKILLS: "1",
};

function targetOf({ model, env }: AgentSetup): OpencodeModel | undefined {
  if (model === undefined) return undefined;
  return opencodeModel(model, {
    openaiBaseUrl: env.some(({ name }) => name === "OPENAI_BASE_URL"),
    anthropicBaseUrl: env.some(({ name }) => name === "ANTHROPIC_BASE_URL"),
  });
}

/** Below the home directory. */
const MODELS_FILE = ".config/opencode/models.json";

function modelsOf(setup: AgentSetup): string | undefined {
  const target = targetOf(setup);
  return target && modelList(setup, target);
}

function environment(setup: AgentSetup): Record<string, string> {
  const target = targetOf(setup);
  const configDirectory = setup.sharedMounts.find((path) => path.endsWith("/.opencode"));
  return {
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    ...(modelsOf(setup) === undefined ? {} : { OPENCODE_MODELS_PATH: `${setup.home}/${MODELS_FILE}` }),
    ...(setup.trustRepositoryConfig ? {} : untrusting),
    ...(configDirectory === undefined ? {} : { OPENCODE_CONFIG_DIR: configDirectory }),
    ...(target
      ? {
          OPENCODE_CONFIG_CONTENT: opencodeConfig(
            setup,
            target,
            setup.tokenVariable ?? opencodeTokenVariable(target.provider),
          ),
        }
      : {}),
  };
}
