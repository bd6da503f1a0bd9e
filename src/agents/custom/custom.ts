import type { Agent } from "../agent.ts";
import { parseCustomOutput } from "./custom-output.ts";
import { customActivities } from "./custom-activities.ts";

/** The program that a run names in its command: nothing is known of it but what it is given and what it leaves. */
export const custom: Agent = {
  name: "custom",
  entrypoint: {
    shells: ["sh"],
    stopSignal: "TERM",
    promptPrefix: "",
    instructionFiles: [],
    hiddenPaths: [],
  },
  resources: {
    requests: { cpu: "250m", memory: "512Mi", "ephemeral-storage": "1Gi" },
    limits: { memory: "2Gi" },
  },
  requiresProvider: false,
  requiresModel: false,
  // Given in a file, which the program reads if it will. A limit or server that it would pass over is refused.
  features: ["instructions"],
  userPaths: [],
  keyVariables: [],
  chooseModel: ({ run, provider, config }) => run ?? provider ?? config,
  tokenVariable: () => "AGENT_API_KEY",
  args: ({ command = [], cliArgs }) => [...command.slice(1), ...cliArgs],
  environment: ({ model }): Record<string, string> => (model === undefined ? {} : { AGENT_MODEL: model }),
  corrections: () => ({}),
  activities: customActivities,
  parseOutput: parseCustomOutput,
};
