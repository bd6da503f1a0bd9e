import { list, map, text } from "../schema/fields.ts";
import { envKeys, envName, providerUrls } from "../rules/env.ts";
import { environmentSize } from "../rules/size.ts";
import { modelName, noNul } from "../rules/values.ts";

export function model(description: string) {
  return text({ description, maxLength: 256, rules: [modelName] });
}

/** What an AgentProvider and the inline provider of a run have in common. */
export const providerFields = {
  environment: map(text({ description: "Value of the variable.", maxLength: 8192, rules: [noNul] }), {
    description:
      "Environment variables of the agent, such as ANTHROPIC_BASE_URL. Put keys and tokens into a Secret, not here.",
    maxProperties: 64,
    rules: [...envKeys, ...providerUrls, environmentSize],
  }).optional(),
  authTokenEnv: text({
    description:
      "Environment variable that carries the token. Default for claude: ANTHROPIC_AUTH_TOKEN if ANTHROPIC_BASE_URL names another host than api.anthropic.com, else ANTHROPIC_API_KEY; for opencode: the variable that its configuration names; for codex: OPENAI_API_KEY; for gemini: GEMINI_API_KEY, or GOOGLE_API_KEY if GOOGLE_GENAI_USE_VERTEXAI is true; for custom: AGENT_API_KEY.",
    maxLength: 253,
    rules: envName,
  }).optional(),
  model: model(
    "Model of runs that use this provider and name none. OpenCode needs a model, here or elsewhere.",
  ).optional(),
  cliArgs: list(text({ description: "One argument.", maxLength: 4096, rules: [noNul] }), {
    description: "Further arguments of the agent's command line, one in each item.",
    maxItems: 32,
    type: "atomic",
  }).optional(),
};
